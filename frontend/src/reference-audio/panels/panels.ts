/** The panels that nobody needs at once. */
export { Advanced } from "../Advanced";
export { Announcer } from "../Announcer";
export { BiasTerms } from "../BiasTerms";
export { MicrophoneSetup } from "../MicrophoneSetup";
export { PresetChoice } from "../PresetChoice";
export { LiveProblem, SourceProblem, TranscriptionProblem } from "../ProblemMessage";
export { TakePanel } from "../TakePanel";
export { TakeTray } from "../TakeTray";
export { UploadPanel } from "../UploadPanel";
export { PANEL_WORDS } from "./catalogue";
