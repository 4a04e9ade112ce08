/** English. Messages are ICU MessageFormat: `{name}`, `{count, plural, one {# word} other {# words}}`. */
export const words = {
  "dictation.start": "Dictate",
  "dictation.stop": "Stop dictating",
  "dictation.opening": "Waiting for the microphone…",
  "dictation.finishing": "Finishing…",
  "part.again": "Show it again",
  "microphone.denied": "The browser blocked the microphone.",
  "microphone.missing": "No microphone found.",
  "microphone.busy": "The microphone cannot be opened. Another program may be using it.",
  "microphone.insecure": "Recording needs https.",
  "microphone.failed": "The microphone cannot be opened.",
} as const;
