/** English. Messages are ICU MessageFormat: `{name}`, `{count, plural, one {# word} other {# words}}`. */
export const words = {
  "dictation.start": "Dictate",
  "dictation.stop": "Stop dictating",
  "dictation.opening": "Waiting for the microphone…",
  "dictation.finishing": "Finishing…",
  "part.again": "Show it again",
} as const;
