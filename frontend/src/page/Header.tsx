/** The page's head: what it is for, what is left of today, who is here. */
import type { Account, Usage, UsageOfKind } from "../index";
import { Button, useReadable } from "../react";
import type { PageWords } from "./catalogue";
import { LanguageSelect } from "./LanguageSelect";
import { useWords } from "./use-words";

/** What a session under way has reserved is not used yet: most of it comes back when it ends. */
const left = (kind: UsageOfKind) => Math.max(0, kind.limit_seconds - kind.used_seconds);

/** Today's minutes of the kind that will be used up first. */
export function usageInWords(t: PageWords, usage: Usage): { words: string; fraction: number } {
  const kinds = [usage.realtime, usage.batch].filter((kind) => kind.limit_seconds > 0);
  const [tightest] = kinds.sort((a, b) => left(a) / a.limit_seconds - left(b) / b.limit_seconds);
  if (!tightest) return { words: t("usage.none"), fraction: 0 };
  const exact = left(tightest) / 60;
  // Of a few minutes the tenths matter; never more than there is.
  const minutes = exact < 10 ? Math.floor(exact * 10) / 10 : Math.floor(exact);
  const limit = Math.round(tightest.limit_seconds / 60);
  return {
    words: t("usage.left", { left: minutes.toLocaleString(t.locale), limit }),
    fraction: left(tightest) / tightest.limit_seconds,
  };
}

function UsageBar({ usage }: { readonly usage: Usage }) {
  const { words, fraction } = usageInWords(useWords(), usage);
  return (
    <div className="text-sm text-soft">
      <p>{words}</p>
      <div
        aria-hidden="true"
        className="mt-1 h-1 overflow-hidden rounded-full bg-line contrast-more:h-1.5 forced-colors:h-2 forced-colors:border"
      >
        <div
          className="h-full bg-soft forced-colors:bg-[Highlight]"
          style={{ width: `${100 * fraction}%` }}
        />
      </div>
    </div>
  );
}

export function Header({
  account,
  ownKey,
  usage,
  notice,
  onSignIn,
  onSignOut,
}: {
  readonly account: Account;
  /** Whether what is transcribed is on the person's own bill. */
  readonly ownKey: boolean;
  readonly usage: Usage | undefined;
  readonly notice: string | undefined;
  readonly onSignIn: () => void;
  readonly onSignOut: () => void;
}) {
  const t = useWords();
  const state = useReadable(account);
  const known = state.status === "in" && !state.isAnonymous;
  return (
    <header>
      <div className="flex flex-wrap items-center justify-between gap-x-6">
        <h1 className="text-3xl font-semibold tracking-tight">{t("page.title")}</h1>
        <div className="-me-3 flex min-h-11 grow flex-wrap items-center justify-between gap-x-4 sm:justify-end">
          {ownKey ? <p className="text-sm text-soft">{t("usage.ownKey")}</p> : null}
          {usage && !ownKey ? <UsageBar usage={usage} /> : null}
          {state.status === "loading" ? null : (
            <div className="ms-auto flex items-center gap-2 sm:ms-0">
              {known && state.email ? (
                <span className="max-w-40 truncate text-sm text-soft">{state.email}</span>
              ) : null}
              <Button className="text-sm" onClick={known ? onSignOut : onSignIn} variant="quiet">
                {t(known ? "account.signOut" : "out.sign-in")}
              </Button>
              <LanguageSelect />
            </div>
          )}
        </div>
      </div>
      <p className="mt-1 text-soft">{t("page.help")}</p>
      {notice ? <p className="mt-1 text-sm text-soft">{notice}</p> : null}
    </header>
  );
}
