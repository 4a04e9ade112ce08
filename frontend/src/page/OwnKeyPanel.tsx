/** The person's own key: store it, test it, replace it, delete it. */
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { type Api, day, LIMITS, type OwnKey } from "../index";
import { Button, Card, fieldClass, Message, useReadable, useScope } from "../react";
import { OwnKeys } from "./own-key";
import { inWords } from "./own-key-words";
import { useWords } from "./use-words";

const MAX_CHARACTERS = LIMITS.max_own_key_characters;

function KeyForm({
  keys,
  isFirst,
  onDone,
}: {
  readonly keys: OwnKeys;
  readonly isFirst: boolean;
  readonly onDone: () => void;
}) {
  const t = useWords();
  const id = useId();
  // The key is in the field, and nowhere else in the page.
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!isFirst) field.current?.focus();
  }, [isFirst]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const input = field.current;
    if (!input || !(await keys.store(input.value.trim()))) return;
    input.value = "";
    onDone();
  };
  return (
    <form className="mt-3 space-y-3" onSubmit={(event) => void submit(event)}>
      <div>
        <label className="mb-1 block text-sm font-medium" htmlFor={`${id}-key`}>
          {isFirst ? t("key.field") : t("key.newField")}
        </label>
        <input
          aria-describedby={`${id}-help`}
          autoCapitalize="none"
          autoComplete="off"
          className={fieldClass}
          id={`${id}-key`}
          maxLength={MAX_CHARACTERS}
          ref={field}
          required
          spellCheck={false}
          type="password"
        />
        <p className="mt-1 text-sm text-soft" id={`${id}-help`}>
          {t("key.help")}
        </p>
      </div>
      <div className="flex flex-wrap gap-3">
        <Button type="submit" variant="primary">
          {t("key.store")}
        </Button>
        {isFirst ? null : (
          <Button onClick={onDone} variant="quiet">
            {t("record.cancel")}
          </Button>
        )}
      </div>
    </form>
  );
}

function Deletion({
  keys,
  lastFour,
  isNeeded,
  onDone,
}: {
  readonly keys: OwnKeys;
  readonly lastFour: string;
  readonly isNeeded: boolean;
  readonly onDone: () => void;
}) {
  const t = useWords();
  const after = isNeeded ? t("key.afterNeeded") : t("key.after");
  return (
    <Message
      actions={
        <>
          <Button
            onClick={async () => {
              if (await keys.remove()) onDone();
            }}
            variant="link"
          >
            {t("key.confirm")}
          </Button>
          <Button onClick={onDone} variant="link">
            {t("key.keep")}
          </Button>
        </>
      }
    >
      {`${t("key.ask", { four: lastFour })} ${after}`}
    </Message>
  );
}

function StoredKey({
  keys,
  stored,
  isNeeded,
}: {
  readonly keys: OwnKeys;
  readonly stored: OwnKey;
  readonly isNeeded: boolean;
}) {
  const t = useWords();
  const [step, setStep] = useState<"shown" | "replacing" | "deleting">("shown");
  const lastFour = stored.last_four ?? "";
  // The characters stand out within their sentence.
  const [before, after] = t("key.stored", { four: "|" }).split("|");
  const used = stored.used_at
    ? t("key.used", { day: day(t.locale, stored.used_at) })
    : t("key.unused");
  const isFine = stored.state === "works" || stored.state === "untested";
  return (
    <>
      <p className="mt-1">
        <span>{before}</span>
        <span className="font-medium">{lastFour}</span>
        <span>{after} </span>
        <span className={isFine ? "text-soft" : "text-bad"}>
          {t(`key.${stored.state ?? "untested"}`)}
        </span>
        <span> </span>
        <span className="text-soft">{used}</span>
      </p>
      {step === "replacing" ? (
        <KeyForm isFirst={false} keys={keys} onDone={() => setStep("shown")} />
      ) : null}
      {step === "deleting" ? (
        <div className="mt-3">
          <Deletion
            isNeeded={isNeeded}
            keys={keys}
            lastFour={lastFour}
            onDone={() => setStep("shown")}
          />
        </div>
      ) : null}
      {step === "shown" ? (
        <div className="mt-3 flex flex-wrap gap-3">
          <Button onClick={() => void keys.test()}>{t("key.test")}</Button>
          <Button onClick={() => setStep("replacing")}>{t("key.replace")}</Button>
          <Button onClick={() => setStep("deleting")}>{t("key.delete")}</Button>
        </div>
      ) : null}
    </>
  );
}

/** Where the person is not signed in with an account that could bring one. */
export function KeyNeeded({ onSignIn }: { readonly onSignIn: () => void }) {
  const t = useWords();
  return (
    <Message
      actions={
        <Button onClick={onSignIn} variant="link">
          {t("out.sign-in")}
        </Button>
      }
      tone="plain"
    >
      {t("key.needed")}
    </Message>
  );
}

/** Of one person: for the next one there is another. */
export function OwnKeyPanel({
  api,
  onStored,
  ...rest
}: {
  readonly api: Api;
  readonly isNeeded: boolean;
  /** Told whether a key is stored, as far as is known; a function that stays the same. */
  readonly onStored: (isStored: boolean) => void;
}) {
  const [keys, setKeys] = useState<OwnKeys>();
  useScope(
    (scope) => {
      const own = new OwnKeys(api, scope);
      setKeys(own);
      scope.add(own.key.subscribe(() => onStored(own.key.getSnapshot().data?.stored === true)));
      scope.add(() => onStored(false));
      void own.refresh();
    },
    [api, onStored],
  );
  return keys ? <Panel keys={keys} {...rest} /> : null;
}

function Panel({
  keys,
  isNeeded,
}: {
  readonly keys: OwnKeys;
  /** Whether nothing can be transcribed here without one. */
  readonly isNeeded: boolean;
}) {
  const t = useWords();
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const { data, failed } = useReadable(keys.key);
  const { work, problem } = useReadable(keys.activity);
  return (
    <Card labelledBy={`${id}-title`}>
      <h2 className="text-lg font-medium" id={`${id}-title`} ref={title} tabIndex={-1}>
        {t("key.title")}
      </h2>
      {failed && !data ? (
        <Message
          actions={
            <Button onClick={() => void keys.refresh()} variant="link">
              {t("out.try-again")}
            </Button>
          }
        >
          {t("key.unknown")}
        </Message>
      ) : null}
      {!data && !failed ? <p className="mt-1 text-soft">{t("page.wait")}</p> : null}
      {data?.stored ? <StoredKey isNeeded={isNeeded} keys={keys} stored={data} /> : null}
      {data && !data.stored ? (
        <>
          <p className="mt-1 text-soft">{isNeeded ? t("key.required") : t("key.offer")}</p>
          <KeyForm isFirst keys={keys} onDone={() => title.current?.focus()} />
        </>
      ) : null}
      <div className="text-sm not-empty:mt-3" role="status">
        {work ? <p className="text-soft">{t(`key.${work}`)}</p> : null}
        {problem ? <Message>{inWords(t, problem.error, problem.work)}</Message> : null}
      </div>
    </Card>
  );
}
