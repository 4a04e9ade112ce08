/** The panels that the first view does without. */
export { Advanced } from "../Advanced";
export { Announcer } from "../Announcer";
export { BiasTerms } from "../BiasTerms";
export { LevelMeter } from "../LevelMeter";
export { LiveWords } from "../LiveWords";
export { MicrophoneSetup } from "../MicrophoneSetup";
export { PresetChoice } from "../PresetChoice";
export { LiveProblem, SourceProblem, TranscriptionProblem } from "../ProblemMessage";
export { LiveWaveform } from "../Waveform";
export { PANEL_WORDS } from "./catalogue";
