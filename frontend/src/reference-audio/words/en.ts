/** English. Messages are ICU MessageFormat: `{name}`, `{count, plural, one {# word} other {# words}}`. */
export const words = {
  "part.failed": "This part of the page failed. Your recording is kept.",

  "tabs.label": "How to give the audio",
  "tabs.record": "Record",
  "tabs.title": "Reference audio",
  "tabs.upload": "Upload",

  "read.title": "Read this aloud, about 15 seconds",
  "read.another": "Another text",

  "microphone.label": "Microphone",
  /** Where the browser tells no names; `{n}` counts. */
  "microphone.nth": "Microphone {n}",
  "microphone.default": "System default",

  "record.ready": "Get ready…",
  "record.start": "Start recording",
  "record.cancel": "Cancel",
  "record.stop": "Stop recording",
  "record.pause": "Pause",
  "record.resume": "Resume",
  "record.idle": "{from}–{to} seconds works best.",
  "record.text": "Text to read",
  "record.wordsLater": "The words appear when you stop.",
  "record.off": "Transcription is off; type what you said when you stop.",

  // How a take goes, one sentence at a time.
  "hint.paused": "Nothing is recorded while you pause.",
  "hint.silent": "We hear nothing. Is the microphone muted?",
  "hint.left": "{count, plural, one {# second left} other {# seconds left}}",
  "hint.wordsEnd":
    "Live words end soon: today's minutes are nearly used up. The recording goes on.",
  "hint.checking": "Listening to your room for a second…",
  "hint.quiet": "Your room is quiet. Read aloud now.",
  "hint.noisy": "There is noise: a fan? a window?",
  "hint.loud": "Too loud: move back a little.",
  "hint.tooQuiet": "Too quiet: come closer.",
  "hint.short": "{from}–{to} seconds works best",
  "hint.good": "Good length – stop any time",
  "hint.long": "Long enough. Longer is not better.",

  "level.label": "Input level",
  "level.paused": "Paused",
  "level.quiet": "Too quiet",
  "level.good": "Good",
  "level.loud": "Too loud",

  // How the line to the service is, beside the clock.
  "line.recording": "Recording",
  "line.still": "Still recording",
  "line.offline": "Offline: still recording",
  "line.connecting": "Connecting…",
  /** `{seconds}` is a whole number. */
  "line.slow": "Slow line: words {seconds} s behind",
  "line.listening": "Listening",
  "line.reconnecting": "Reconnecting… still recording",
  "line.finishing": "Finishing…",

  "live.label": "Live words",
  "live.empty": "Your words appear here a moment after you say them.",
  "live.noLanguage": "Live words ignore the language.",
  "live.noTerms": "Live words ignore the words to expect.",
  "live.noBoth": "Live words ignore the language and the words to expect.",

  "transcript.title": "Transcript",
  "transcript.failed": "The transcript couldn't load. Your recording is kept.",
  "transcript.draft": "Live draft",
  "transcript.improving": "Improving…",
  "transcript.transcribing": "Transcribing…",
  "transcript.edited": "Edited by you",
  "transcript.final": "Final",
  "transcript.language": "Language",
  "transcript.auto": "Auto",
  "transcript.detected": "Auto ({language})",
  "transcript.placeholder": "What you say appears here. You can also type it.",
  "transcript.typePlaceholder": "What is said, word for word",
  "transcript.later": "You can change the words here when you stop.",
  "transcript.off": "Transcription is off; type what you said.",
  "transcript.help": "For best cloning, transcript should match audio exactly.",
  "offer.ready": "A new transcript is ready.",
  "offer.compare": "Compare",
  "offer.use": "Use it",
  "offer.keep": "Keep mine",
  "compare.hide": "Hide the comparison",
  "compare.show": "Compare with the live draft",
  "compare.fromYours": "From your text to the new one",
  "compare.fromDraft": "From the live draft to the final text",

  // What the panels say, and the page around as well.
  "check.close": "Close",
  "out.sign-in": "Sign in",
  "out.try-again": "Try again",
  "preset.any": "Any engine",
  "problem.signedOut": "Please sign in again. Your recording is kept.",
  "problem.unreachable": "The server cannot be reached.",
  "take.download": "Download",
  /** `{percent}` as in "40%". */
  "take.uploading": "Uploading, {percent}",
  "tray.delete": "Delete {name}",
  "tray.undo": "Undo",
} as const;
