/** Signing in with an address and a password, or making an account. */
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { type Account, SignInError } from "../index";
import { Button, Card, CrossIcon, type Fault, fieldClass, Message, useFaultWords } from "../react";
import { useWords } from "./use-words";

function Form({
  account,
  allowAnonymous,
  creating,
  onCreating,
  onDone,
}: {
  readonly account: Account;
  readonly allowAnonymous: boolean;
  /** An account is being made. */
  readonly creating: boolean;
  readonly onCreating: (creating: boolean) => void;
  readonly onDone?: () => void;
}) {
  const t = useWords();
  const id = useId();
  const [busy, setBusy] = useState(false);
  const [message, setMessage] = useState<string>();
  const [fault, setFault] = useState<Fault>();
  const said = useFaultWords(fault) ?? message;

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
      if (!creating) {
        await account.signIn(email, password);
        return undefined;
      }
      const { confirm } = await account.signUp(email, password);
      return confirm ? t("signIn.confirm") : undefined;
    });
  };

  return (
    <form className="space-y-4" onSubmit={submit}>
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
      <div>
        <label className="mb-1 block text-sm text-soft" htmlFor={`${id}-password`}>
          {t("signIn.password")}
        </label>
        <input
          autoComplete={creating ? "new-password" : "current-password"}
          className={fieldClass}
          id={`${id}-password`}
          minLength={creating ? 8 : undefined}
          name="password"
          required={true}
          type="password"
        />
      </div>
      <div role="alert">{said ? <Message>{said}</Message> : null}</div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button disabled={busy} type="submit" variant="primary">
          {creating ? t("signIn.submitNew") : t("account.signIn")}
        </Button>
        <Button onClick={() => onCreating(!creating)} variant="link">
          {creating ? t("signIn.haveOne") : t("signIn.create")}
        </Button>
        {allowAnonymous ? (
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

/** In the page, where nobody may go on without it. */
export function SignInGate({ account }: { readonly account: Account }) {
  const t = useWords();
  const [creating, setCreating] = useState(false);
  return (
    <Card labelledBy="gate">
      <h2 className="mb-3 text-lg font-medium" id="gate">
        {creating ? t("signIn.createToBegin") : t("signIn.toBegin")}
      </h2>
      <Form account={account} allowAnonymous={false} creating={creating} onCreating={setCreating} />
    </Card>
  );
}

/** Over the page, so that nothing of it is lost; mounted while it is open. */
export function SignInDialog({
  onClose,
  isNew,
  ...form
}: {
  readonly account: Account;
  readonly allowAnonymous: boolean;
  /** Begins with making an account. */
  readonly isNew: boolean;
  readonly onClose: () => void;
}) {
  const t = useWords();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [creating, setCreating] = useState(isNew);
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
          {creating ? t("signIn.create") : t("account.signIn")}
        </h2>
        <Button aria-label={t("signIn.close")} className="-me-3" onClick={onClose} variant="quiet">
          <CrossIcon />
        </Button>
      </div>
      <Form creating={creating} onCreating={setCreating} onDone={onClose} {...form} />
    </dialog>
  );
}
