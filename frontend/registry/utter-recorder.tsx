"use client";
/** The recorder for reference audio, with your theme's colours as its tokens. */
import {
  ReferenceAudioInput,
  type ReferenceAudioInputProps,
  useConnection,
  useReferenceAudio,
} from "@utter/transcribe/react";
import "@utter/transcribe/styles.css";
import type { CSSProperties, ReactNode } from "react";

const THEME = {
  "--utter-paper": "var(--background)",
  "--utter-card": "var(--card)",
  "--utter-sunken": "var(--muted)",
  "--utter-ink": "var(--foreground)",
  "--utter-soft": "var(--muted-foreground)",
  "--utter-line": "var(--border)",
  "--utter-edge": "var(--input)",
  "--utter-accent": "var(--primary)",
  "--utter-accent-strong": "var(--primary)",
  "--utter-on-accent": "var(--primary-foreground)",
  "--utter-radius": "var(--radius)",
} as CSSProperties;

type Reference = ReferenceAudioInputProps["reference"];

export interface UtterRecorderProps {
  /** Where the services are; your page's own host without it. */
  readonly apiUrl?: string;
  readonly language?: string;
  /** Stands below the recorder, once the services are there. */
  readonly children?: (reference: Reference) => ReactNode;
}

export function UtterRecorder({ apiUrl, language, children }: UtterRecorderProps) {
  const { services, error, retry } = useConnection({ apiUrl });
  const reference = useReferenceAudio(services, language ? { language } : {});
  if (error) {
    return (
      <p role="alert">
        The recorder cannot be reached.{" "}
        <button className="underline" onClick={retry} type="button">
          Try again
        </button>
      </p>
    );
  }
  if (!reference) return <p className="text-muted-foreground">Connecting…</p>;
  return (
    <div style={THEME}>
      <ReferenceAudioInput reference={reference} />
      {children?.(reference)}
    </div>
  );
}
