/** The person's own key: store it, test it, replace it, delete it. */
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { type Api, day, LIMITS, type OwnKey } from "../index";
import { Button, Card, fieldClass, Message, useReadable, useScope } from "../react";
import { OwnKeys } from "./own-key";
import { inWords } from "./own-key-words";

const MAX_CHARACTERS = LIMITS.max_own_key_characters;

const STATES: Readonly<Record<NonNullable<OwnKey["state"]>, string>> = {
  untested: "It has not been tested yet.",
  works: "It works.",
  refused: "Mistral refused it. Check it at Mistral, replace it, or delete it.",
  unreadable: "It can no longer be read here. Please store it again, or delete it.",
};

function KeyForm({
  keys,
  isFirst,
  onDone,
}: {
  readonly keys: OwnKeys;
  readonly isFirst: boolean;
  readonly onDone: () => void;
}) {
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
          {isFirst ? "Mistral key" : "New Mistral key"}
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
          It is kept encrypted, and never shown again but for its last four characters.
        </p>
      </div>
      <div className="flex flex-wrap gap-3">
        <Button type="submit" variant="primary">
          Store and test
        </Button>
        {isFirst ? null : (
          <Button onClick={onDone} variant="quiet">
            Cancel
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
  const after = isNeeded
    ? "Without it nothing can be transcribed here."
    : "Today's minutes count again then.";
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
            Delete it
          </Button>
          <Button onClick={onDone} variant="link">
            Keep it
          </Button>
        </>
      }
    >
      {`Delete the key that ends in ${lastFour}? ${after}`}
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
  const [step, setStep] = useState<"shown" | "replacing" | "deleting">("shown");
  const lastFour = stored.last_four ?? "";
  const used = stored.used_at ? `Last used ${day(stored.used_at)}.` : "Not used yet.";
  const isFine = stored.state === "works" || stored.state === "untested";
  return (
    <>
      <p className="mt-1">
        <span>The key that ends in </span>
        <span className="font-medium">{lastFour}</span>
        <span>. </span>
        <span className={isFine ? "text-soft" : "text-bad"}>
          {STATES[stored.state ?? "untested"]}
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
          <Button onClick={() => void keys.test()}>Test</Button>
          <Button onClick={() => setStep("replacing")}>Replace</Button>
          <Button onClick={() => setStep("deleting")}>Delete</Button>
        </div>
      ) : null}
    </>
  );
}

const WORK = { storing: "Storing…", testing: "Asking Mistral…", deleting: "Deleting…" } as const;

/** Where nobody is signed in who could bring one. */
export function KeyNeeded({ onSignIn }: { readonly onSignIn: () => void }) {
  return (
    <Message
      actions={
        <Button onClick={onSignIn} variant="link">
          Sign in
        </Button>
      }
      tone="plain"
    >
      To transcribe here you need an account, and a Mistral key of your own.
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
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const { data, failed } = useReadable(keys.key);
  const { work, problem } = useReadable(keys.activity);
  return (
    <Card labelledBy={`${id}-title`}>
      <h2 className="text-lg font-medium" id={`${id}-title`} ref={title} tabIndex={-1}>
        Your own Mistral key
      </h2>
      {failed && !data ? (
        <Message
          actions={
            <Button onClick={() => void keys.refresh()} variant="link">
              Try again
            </Button>
          }
        >
          Whether you have stored a key cannot be told just now.
        </Message>
      ) : null}
      {!data && !failed ? <p className="mt-1 text-soft">One moment…</p> : null}
      {data?.stored ? <StoredKey isNeeded={isNeeded} keys={keys} stored={data} /> : null}
      {data && !data.stored ? (
        <>
          <p className="mt-1 text-soft">
            {isNeeded
              ? "Here everybody transcribes with a key of their own, on their own bill."
              : "With a key of your own you pay Mistral yourself, and no daily minutes count."}
          </p>
          <KeyForm isFirst keys={keys} onDone={() => title.current?.focus()} />
        </>
      ) : null}
      <div className="text-sm not-empty:mt-3" role="status">
        {work ? <p className="text-soft">{WORK[work]}</p> : null}
        {problem ? <Message>{inWords(problem.error, problem.work)}</Message> : null}
      </div>
    </Card>
  );
}
