/** A segmented control over panels: one tab stop, arrow keys move (WAI-ARIA, tabs pattern). */
import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";

interface Tab<K extends string> {
  readonly key: K;
  readonly label: string;
}

export function Tabs<K extends string>({
  label,
  heading,
  tabs,
  selected,
  disabled = false,
  onSelect,
  children,
}: {
  readonly label: string;
  /** Stands beside the control. */
  readonly heading?: ReactNode;
  readonly tabs: readonly Tab<K>[];
  readonly selected: K;
  readonly disabled?: boolean;
  readonly onSelect: (key: K) => void;
  /** The selected tab's panel. */
  readonly children: ReactNode;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);

  const onKeyDown = (event: KeyboardEvent) => {
    const forward = getComputedStyle(event.currentTarget).direction === "rtl" ? -1 : 1;
    const at = tabs.findIndex((tab) => tab.key === selected);
    const steps: Record<string, number> = {
      ArrowRight: at + forward,
      ArrowLeft: at - forward,
      Home: 0,
      End: tabs.length - 1,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const to = (step + tabs.length) % tabs.length;
    const tab = tabs[to];
    if (!tab || disabled) return;
    onSelect(tab.key);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[to]?.focus();
  };

  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        {heading}
        <div
          aria-label={label}
          className="flex flex-wrap gap-1 rounded-[1.625rem] bg-sunken p-1"
          onKeyDown={onKeyDown}
          ref={list}
          role="tablist"
        >
          {tabs.map((tab) => {
            const isSelected = tab.key === selected;
            return (
              <button
                aria-controls={`${id}-panel`}
                aria-disabled={disabled && !isSelected}
                aria-selected={isSelected}
                className={`min-h-11 flex-auto rounded-full px-3 sm:px-5 ${
                  isSelected
                    ? "bg-card font-medium shadow-sm ring-1 ring-line contrast-more:ring-2 contrast-more:ring-ink forced-colors:border-3 forced-colors:font-bold"
                    : "text-soft hover:text-ink aria-disabled:cursor-default aria-disabled:opacity-50 aria-disabled:hover:text-soft"
                }`}
                id={`${id}-${tab.key}`}
                key={tab.key}
                onClick={() => {
                  if (!disabled) onSelect(tab.key);
                }}
                role="tab"
                tabIndex={isSelected ? 0 : -1}
                type="button"
              >
                {tab.label}
              </button>
            );
          })}
        </div>
      </div>
      <div
        aria-labelledby={`${id}-${selected}`}
        className="mt-5"
        id={`${id}-panel`}
        role="tabpanel"
      >
        {children}
      </div>
    </>
  );
}
