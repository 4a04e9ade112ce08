/** What `<utter-reference-audio>` shows, by React. */
import { createRoot } from "react-dom/client";
import type { TokenSupplier } from "../session/token";
import { Button, Message } from "../ui/controls";
import { ReferenceAudioInput } from "./ReferenceAudioInput";
import type { Mode, ReferenceAudioValue } from "./state";
import { useConnection } from "./use-connection";
import { useReferenceAudio } from "./use-reference-audio";

interface Given {
  readonly apiUrl: string | undefined;
  readonly token: TokenSupplier | undefined;
  readonly mode: Mode;
  readonly language: string;
  readonly onChange: (value: ReferenceAudioValue) => void;
}

function Root({ apiUrl, token, mode, language, onChange }: Given) {
  const { services, error, retry } = useConnection({ apiUrl, token });
  const reference = useReferenceAudio(services, { mode, language });
  if (reference) return <ReferenceAudioInput onChange={onChange} reference={reference} />;
  if (!error) return null;
  return (
    <div className="utter">
      <Message
        actions={
          <Button onClick={retry} variant="link">
            Try again
          </Button>
        }
      >
        The server cannot be reached.
      </Message>
    </div>
  );
}

/** Renders into an element; returns how to take it away. */
export function mount(element: HTMLElement, given: Given): () => void {
  const root = createRoot(element);
  root.render(<Root {...given} />);
  return () => root.unmount();
}
