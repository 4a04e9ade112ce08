/** The panels that nobody needs at once. */
export { Advanced } from "../Advanced";
export { Announcer } from "../Announcer";
export { BiasTerms } from "../BiasTerms";
export { MicrophoneSetup } from "../MicrophoneSetup";
export { PresetChoice } from "../PresetChoice";
export { LiveProblem, SourceProblem, TranscriptionProblem } from "../ProblemMessage";
export { PANEL_WORDS } from "./catalogue";
