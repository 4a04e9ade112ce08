/** Buttons, links that act, and messages: the few forms that everything is made of. */
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { ChevronIcon } from "./icons";

const VARIANTS = {
  primary:
    "rounded-full bg-accent px-5 font-medium text-on-accent hover:bg-accent-strong disabled:bg-line disabled:text-soft forced-colors:border-2",
  secondary:
    "rounded-full border border-edge px-5 hover:bg-sunken disabled:border-line disabled:text-soft",
  link: "-mx-1 rounded-md px-1 text-accent underline decoration-1 underline-offset-4 hover:decoration-2 disabled:text-soft disabled:no-underline",
  quiet: "rounded-full px-3 text-soft hover:bg-sunken hover:text-ink forced-colors:border",
} as const;

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly ref?: Ref<HTMLButtonElement>;
  readonly variant?: keyof typeof VARIANTS;
}

export function Button({ variant = "secondary", className = "", ...props }: ButtonProps) {
  return (
    <button
      className={`inline-flex min-h-11 items-center justify-center gap-2 ${VARIANTS[variant]} ${className}`}
      type="button"
      {...props}
    />
  );
}

/** Something to know, with what can be done about it. */
export function Message({
  children,
  actions,
  tone = "fair",
}: {
  readonly children: ReactNode;
  readonly actions?: ReactNode;
  readonly tone?: "fair" | "plain";
}) {
  const colours = tone === "fair" ? "bg-fair-soft" : "bg-sunken";
  return (
    <div
      className={`appear flex flex-wrap items-center gap-x-5 rounded-xl px-4 py-3 forced-colors:border ${colours}`}
    >
      <p>{children}</p>
      {actions ? <div className="flex flex-wrap gap-x-5">{actions}</div> : null}
    </div>
  );
}

export function Card({
  children,
  labelledBy,
}: {
  readonly children: ReactNode;
  readonly labelledBy: string;
}) {
  return (
    <section
      aria-labelledby={labelledBy}
      className="rounded-2xl border border-line bg-card p-4 sm:p-6"
      // Takes the focus when what had it within goes away.
      tabIndex={-1}
    >
      {children}
    </section>
  );
}

/** What few need, behind its name. */
export function Fold({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ReactNode;
}) {
  return (
    <details className="group">
      <summary className="-ms-1 inline-flex min-h-11 list-none items-center gap-1 rounded-md pe-1 text-soft hover:text-ink [&::-webkit-details-marker]:hidden">
        <span className="group-open:rotate-90 rtl:not-group-open:rotate-180">
          <ChevronIcon />
        </span>
        <span>{label}</span>
      </summary>
      {children}
    </details>
  );
}

export const fieldClass =
  "min-h-11 w-full rounded-xl border border-edge bg-card px-3 py-2 text-ink placeholder:text-soft";

/** A progress bar that also says what it stands for; it moves where the progress is unknown. */
export function ProgressBar({
  label,
  fraction,
}: {
  readonly label: string;
  readonly fraction: number | undefined;
}) {
  const percent = fraction === undefined ? undefined : Math.round(fraction * 100);
  return (
    <div
      aria-label={label}
      aria-valuemax={100}
      aria-valuemin={0}
      aria-valuenow={percent}
      className="h-1.5 overflow-hidden rounded-full bg-line forced-colors:h-2.5 forced-colors:border"
      role="progressbar"
    >
      {percent === undefined ? (
        <div className="unsure h-full w-1/3 rounded-full bg-accent forced-colors:bg-[Highlight]" />
      ) : (
        <div
          className="h-full rounded-full bg-accent forced-colors:bg-[Highlight]"
          style={{ width: `${percent}%` }}
        />
      )}
    </div>
  );
}
