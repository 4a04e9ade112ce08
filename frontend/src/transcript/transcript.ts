/** The transcript in the box, and the rule that a person's edit always wins. */
import type { VoiceDetail } from "../generated/protocol";

import { settledAfter, type TextRange, within } from "./ranges";

export type TranscriptSource = VoiceDetail["transcript_source"];

export interface Transcript {
  /** What is in the box. */
  readonly text: string;
  /** A person has changed it since the take began. */
  readonly edited: boolean;
  /** What the provider said while recording. */
  readonly draft: string;
  /** What the final pass said, once it has. */
  readonly final: string | undefined;
  /** The service's own word for what it heard, for a voice that is made with it. */
  readonly receipt: string | undefined;
  /** A final text that came after an edit and waits for a decision. */
  readonly offered: boolean;
  readonly activity: "none" | "listening" | "improving";
  /** Places that a person has settled by ear, or by typing. */
  readonly settled: readonly TextRange[];
  /** The text is the script, of which a person says that it was read word for word. */
  readonly asWritten: boolean;
}

export const EMPTY_TRANSCRIPT: Transcript = {
  text: "",
  edited: false,
  draft: "",
  final: undefined,
  receipt: undefined,
  offered: false,
  activity: "none",
  settled: [],
  asWritten: false,
};

export type TranscriptAction =
  | { readonly type: "draft"; readonly text: string }
  /** `open` are the places in doubt: an edit settles the one that it is made in. */
  | { readonly type: "edit"; readonly text: string; readonly open?: readonly TextRange[] }
  /** Takes the text at a place as it is. */
  | { readonly type: "settle"; readonly range: TextRange }
  /** Takes the script for the text: it was read word for word. */
  | { readonly type: "written"; readonly script: string }
  | { readonly type: "activity"; readonly activity: Transcript["activity"] }
  | { readonly type: "final"; readonly text: string; readonly receipt?: string | undefined }
  /** The take was cut: what is left of the text, and of what was heard. Without it nobody knows. */
  | {
      readonly type: "cut";
      readonly left?: {
        readonly range: TextRange | undefined;
        readonly draft: string;
        readonly final: string;
      };
    }
  /** Takes the offered text, giving up the edit. */
  | { readonly type: "accept" }
  /** Keeps the edit. */
  | { readonly type: "dismiss" };

export function reduceTranscript(state: Transcript, action: TranscriptAction): Transcript {
  switch (action.type) {
    case "draft":
      // A draft that comes after the final pass is only kept for comparison.
      return state.edited || state.final !== undefined
        ? { ...state, draft: action.text }
        : { ...state, draft: action.text, text: action.text };
    case "edit": {
      // Emptied by hand, the box is free again: there is no edit left to protect.
      const edited = action.text.trim() !== "";
      return {
        ...state,
        text: action.text,
        edited,
        offered: state.offered && edited,
        settled: settledAfter(state.text, action.text, state.settled, action.open ?? []),
        asWritten: state.asWritten && action.text === state.text,
      };
    }
    case "settle":
      return { ...state, settled: [...state.settled, action.range] };
    case "written":
      return {
        ...state,
        text: action.script,
        edited: true,
        offered: false,
        settled: [],
        asWritten: true,
      };
    case "activity":
      return { ...state, activity: action.activity };
    case "final": {
      const { text: final, receipt } = action;
      const done = { ...state, final, receipt, activity: "none" } as const;
      if (!state.edited) return { ...done, text: action.text, settled: [] };
      return { ...done, offered: action.text.trim() !== state.text.trim() };
    }
    case "cut": {
      const { left } = action;
      const range = left?.range ?? { start: 0, end: state.edited && !left ? state.text.length : 0 };
      return {
        ...state,
        text: state.text.slice(range.start, range.end),
        draft: left?.draft ?? "",
        final: left?.final || undefined,
        receipt: undefined,
        offered: false,
        settled: within(state.settled, range),
        asWritten: state.asWritten && left !== undefined,
      };
    }
    case "accept":
      return state.final === undefined
        ? state
        : {
            ...state,
            text: state.final,
            edited: false,
            offered: false,
            settled: [],
            asWritten: false,
          };
    case "dismiss":
      return { ...state, offered: false };
  }
}

/** The machine's text beside the person's: the best there is. */
export function machineText(transcript: Transcript): string | undefined {
  return transcript.final ?? (transcript.draft || undefined);
}

/** Where the text in the box comes from. */
export function transcriptSource(transcript: Transcript): TranscriptSource {
  const { text, edited, draft, final } = transcript;
  if (!edited)
    return final !== undefined && text === final ? "final_pass" : draft ? "live" : "typed";
  return machineText(transcript) === undefined ? "typed" : "edited";
}
