/** Icons: 20 by 20, drawn in the text's colour, silent to screen readers. */
import type { ReactNode } from "react";

function Icon({ children, size = 20 }: { children: ReactNode; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      className="shrink-0"
      fill="none"
      height={size}
      stroke="currentColor"
      strokeLinecap="round"
      strokeLinejoin="round"
      strokeWidth="1.75"
      viewBox="0 0 20 20"
      width={size}
    >
      {children}
    </svg>
  );
}

export const MicrophoneIcon = ({ size = 20 }: { size?: number }) => (
  <Icon size={size}>
    <rect height="9" rx="3" width="6" x="7" y="2.5" />
    <path d="M4.5 9.5a5.5 5.5 0 0 0 11 0M10 15v2.5" />
  </Icon>
);

export const StopIcon = ({ size = 20 }: { size?: number }) => (
  <Icon size={size}>
    <rect fill="currentColor" height="12" rx="2" stroke="none" width="12" x="4" y="4" />
  </Icon>
);

export const PauseIcon = () => (
  <Icon>
    <path d="M7.5 5v10M12.5 5v10" strokeWidth="2.5" />
  </Icon>
);

export const PlayIcon = () => (
  <Icon>
    <path d="M7 4.5v11l8.5-5.5z" fill="currentColor" />
  </Icon>
);

export const NoteIcon = () => (
  <Icon>
    <path d="M10 5.5v5.5M10 14.2v.1" strokeWidth="2.25" />
  </Icon>
);

export const LanguageIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="7" />
    <path d="M3 10h14M10 3c2.2 2 3 4.4 3 7s-.8 5-3 7c-2.2-2-3-4.4-3-7s.8-5 3-7" />
  </Icon>
);

/** An icon of one path; free of effects, so that a page loads only those that it shows. */
// @__NO_SIDE_EFFECTS__
const drawn = (path: string) => () => (
  <Icon>
    <path d={path} />
  </Icon>
);

export const UploadIcon = drawn(
  "M10 13V4M6.5 7.5 10 4l3.5 3.5M4 13.5V15a1.5 1.5 0 0 0 1.5 1.5h9A1.5 1.5 0 0 0 16 15v-1.5",
);
export const CheckIcon = drawn("m5 10.5 3.5 3.5L15 6.5");
export const CrossIcon = drawn("m6 6 8 8M14 6l-8 8");
export const ChevronIcon = drawn("m8 6 4 4-4 4");
export const DownloadIcon = drawn(
  "M10 4v9M6.5 9.5 10 13l3.5-3.5M4 13.5V15a1.5 1.5 0 0 0 1.5 1.5h9A1.5 1.5 0 0 0 16 15v-1.5",
);
export const PencilIcon = drawn(
  "m4 16 .8-3.4L13 4.4a1.4 1.4 0 0 1 2 0l.6.6a1.4 1.4 0 0 1 0 2l-8.2 8.2zM11.5 6l2.5 2.5",
);
export const TrashIcon = drawn("M4 6h12M8 6V4h4v2M6 6l.7 9.5h6.6L14 6");
export const WordsIcon = drawn("M4 4h12v9H9l-3.5 3v-3H4zM7 7.3h6M7 9.8h4");
