/** Signing in with an address and a password, or making an account. */
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { type Account, SignInError } from "../index";
import { Button, Card, CrossIcon, type Fault, fieldClass, Message, useFaultWords } from "../react";
import { useWords } from "./use-words";

/** Signing in, making an account, asking for a link to a new password, choosing one. */
export type SignInMode = "signIn" | "create" | "reset" | "renew";

const SUBMIT = {
  signIn: "out.sign-in",
  create: "signIn.submitNew",
  reset: "signIn.send",
  renew: "signIn.save",
} as const;
const TITLE = {
  ...SUBMIT,
  create: "signIn.create",
  reset: "signIn.reset",
  renew: "signIn.renew",
} as const;

function Form({
  account,
  allowAnonymous,
  mode,
  onMode,
  onDone,
}: {
  readonly account: Account;
  readonly allowAnonymous: boolean;
  readonly mode: SignInMode;
  readonly onMode: (mode: SignInMode) => void;
  readonly onDone?: () => void;
}) {
  const t = useWords();
  const id = useId();
  const [busy, setBusy] = useState(false);
  const [message, setMessage] = useState<string>();
  const [fault, setFault] = useState<Fault>();
  const said = useFaultWords(fault) ?? message;

  const turn = (to: SignInMode) => {
    setMessage(undefined);
    setFault(undefined);
    onMode(to);
  };

  const attempt = async (action: () => Promise<string | undefined>) => {
    setBusy(true);
    setMessage(undefined);
    setFault(undefined);
    try {
      const words = await action();
      if (words) setMessage(words);
      else onDone?.();
    } catch (error) {
      if (!(error instanceof SignInError)) setMessage(t("signIn.failed"));
      else setFault({ code: "sign_in_failed", reason: error.reason, message: error.message });
    } finally {
      setBusy(false);
    }
  };

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const email = String(data.get("email"));
    const password = String(data.get("password"));
    void attempt(async () => {
      switch (mode) {
        case "signIn":
          await account.signIn(email, password);
          return undefined;
        case "reset":
          await account.resetPassword(email);
          return t("signIn.sent");
        case "renew":
          await account.changePassword(password);
          return undefined;
        default: {
          const { confirm } = await account.signUp(email, password);
          return confirm ? t("signIn.confirm") : undefined;
        }
      }
    });
  };

  return (
    <form className="space-y-4" onSubmit={submit}>
      {mode === "renew" ? null : (
        <div>
          <label className="mb-1 block text-sm text-soft" htmlFor={`${id}-email`}>
            {t("signIn.email")}
          </label>
          <input
            autoComplete="email"
            className={fieldClass}
            id={`${id}-email`}
            name="email"
            required={true}
            type="email"
          />
        </div>
      )}
      {mode === "reset" ? null : (
        <div>
          <label className="mb-1 block text-sm text-soft" htmlFor={`${id}-password`}>
            {t(mode === "renew" ? "signIn.newPassword" : "signIn.password")}
          </label>
          <input
            autoComplete={mode === "signIn" ? "current-password" : "new-password"}
            className={fieldClass}
            id={`${id}-password`}
            minLength={mode === "signIn" ? undefined : 8}
            name="password"
            required={true}
            type="password"
          />
        </div>
      )}
      <div role="alert">{said ? <Message>{said}</Message> : null}</div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button disabled={busy} type="submit" variant="primary">
          {t(SUBMIT[mode])}
        </Button>
        {mode === "signIn" ? (
          <>
            <Button onClick={() => turn("create")} variant="link">
              {t("signIn.create")}
            </Button>
            <Button onClick={() => turn("reset")} variant="link">
              {t("signIn.forgot")}
            </Button>
          </>
        ) : null}
        {mode === "create" || mode === "reset" ? (
          <Button onClick={() => turn("signIn")} variant="link">
            {t(mode === "create" ? "signIn.haveOne" : "signIn.back")}
          </Button>
        ) : null}
        {allowAnonymous && mode !== "renew" ? (
          <Button
            disabled={busy}
            onClick={() =>
              void attempt(async () => {
                await account.continueAnonymously();
                return undefined;
              })
            }
            variant="link"
          >
            {t("signIn.anonymous")}
          </Button>
        ) : null}
      </div>
    </form>
  );
}

/** In the page, where an account is needed to go on. */
export function SignInGate({ account }: { readonly account: Account }) {
  const t = useWords();
  const [mode, setMode] = useState<SignInMode>("signIn");
  const title = { ...TITLE, signIn: "signIn.toBegin", create: "signIn.createToBegin" } as const;
  return (
    <Card labelledBy="gate">
      <h2 className="mb-3 text-lg font-medium" id="gate">
        {t(title[mode])}
      </h2>
      <Form account={account} allowAnonymous={false} mode={mode} onMode={setMode} />
    </Card>
  );
}

/** Over the page, so that nothing of it is lost; mounted while it is open. */
export function SignInDialog({
  onClose,
  begin,
  ...form
}: {
  readonly account: Account;
  readonly allowAnonymous: boolean;
  /** What it begins with. */
  readonly begin: SignInMode;
  readonly onClose: () => void;
}) {
  const t = useWords();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [mode, setMode] = useState(begin);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector("input")?.focus(); // and not the way out
  }, []);
  return (
    <dialog
      aria-labelledby={id}
      className="m-auto w-[calc(100%-2rem)] max-w-sm rounded-2xl border border-line bg-card p-6 text-ink backdrop:bg-black/50"
      onClose={onClose}
      ref={dialog}
    >
      <div className="mb-4 flex items-center justify-between">
        <h2 className="text-lg font-medium" id={id}>
          {t(TITLE[mode])}
        </h2>
        <Button aria-label={t("check.close")} className="-me-3" onClick={onClose} variant="quiet">
          <CrossIcon />
        </Button>
      </div>
      <Form mode={mode} onDone={onClose} onMode={setMode} {...form} />
    </dialog>
  );
}
