/** Makes a `ReferenceAudio` that lives as long as the component that asks for it. */
import { createContext, useContext, useState } from "react";
import type { PairMessages } from "../pair/words/catalogue";
import { useReadable, useScope } from "../ui/hooks";
import type { Labels } from "../words/use-words";
import type { Words } from "../words/words";
import type { PanelMessages } from "./panels/catalogue";
import { type InitialChoice, ReferenceAudio } from "./reference-audio";
import type { ReferenceAudioServices } from "./services";
import type { ReferenceAudioState } from "./state";
import type { ReferenceMessages } from "./words/catalogue";

/** Undefined until the page and the services are there. `initial` counts once. */
export function useReferenceAudio(
  services: ReferenceAudioServices | undefined,
  initial: InitialChoice = {},
): ReferenceAudio | undefined {
  const [reference, setReference] = useState<ReferenceAudio>();
  useScope(
    (scope) => {
      setReference(services && new ReferenceAudio(services, scope, initial));
    },
    [services],
  );
  return reference;
}

/** Your own wording, by the keys of the messages. */
export type ComponentLabels = Labels<ReferenceMessages & PanelMessages & PairMessages>;

/** What every part of the component needs, so that it is not handed down by hand. */
export interface Parts {
  readonly reference: ReferenceAudio;
  /** Lets the person sign in; without it that way out is not offered. */
  readonly onSignIn: (() => void) | undefined;
  /** The screen is small, and a recording has it to itself. */
  readonly booth: boolean;
  /** Says it in the person's language: `t("tabs.record")`, from `words/en.ts`. */
  readonly t: Words<ReferenceMessages>;
  readonly labels: ComponentLabels | undefined;
  /** What is loaded once the rest stands. */
  readonly panels: typeof import("./panels/panels") | undefined;
}

export const PartsContext = createContext<Parts | undefined>(undefined);

export function useParts(): Parts & {
  readonly state: ReferenceAudioState;
  /** Signed in, and with no account. */
  readonly isAnonymous: boolean;
} {
  const parts = useContext(PartsContext);
  if (!parts) throw new Error("This belongs into a ReferenceAudioInput.");
  const account = useReadable(parts.reference.services.account);
  const isAnonymous = account.status === "in" && account.isAnonymous;
  return { ...parts, state: useReadable(parts.reference), isAnonymous };
}
