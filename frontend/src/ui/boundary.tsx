/** Keeps a fault of one part of the page to that part. */
import { Component, Fragment, type ReactNode } from "react";
import { useCatalogue } from "../words/use-words";
import { Button, Message } from "./controls";
import { SHARED_WORDS } from "./words/catalogue";

/** Faults in a row after which the part is not shown anew by itself. */
const TRIES = 3;
/** A part that has stood for this long, milliseconds, has got over its faults. */
const GRACE_MS = 5000;

interface Props {
  readonly children: ReactNode;
  /** What has failed, and what goes on, in a sentence or two. */
  readonly words: string;
  /** Shown in place of the part, below the words. */
  readonly actions?: ReactNode;
}

interface State {
  readonly failed: boolean;
  readonly shown: number;
}

function ShowAgain({ onClick }: { readonly onClick: () => void }) {
  const t = useCatalogue(SHARED_WORDS);
  return (
    <Button onClick={onClick} variant="link">
      {t("part.again")}
    </Button>
  );
}

/**
 * Shows its part anew when it breaks, as it does where an extension or a translation has changed
 * the page's own elements; gives up, in words, when it breaks again and again. What is recorded
 * lives outside of the parts and goes on.
 */
export class Boundary extends Component<Props, State> {
  override state: State = { failed: false, shown: 0 };
  #faults = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  static getDerivedStateFromError(): Partial<State> {
    return { failed: true };
  }

  override componentDidCatch(): void {
    const now = performance.now();
    this.#faults = now - this.#lastAt < GRACE_MS ? this.#faults + 1 : 1;
    this.#lastAt = now;
    if (this.#faults < TRIES) this.#showAnew();
  }

  #showAnew(): void {
    this.setState(({ shown }) => ({ failed: false, shown: shown + 1 }));
  }

  override render(): ReactNode {
    const { children, words, actions } = this.props;
    if (!this.state.failed) return <Fragment key={this.state.shown}>{children}</Fragment>;
    return (
      <div role="alert">
        <Message
          actions={
            <>
              <ShowAgain onClick={() => this.#showAnew()} />
              {actions}
            </>
          }
        >
          {words}
        </Message>
      </div>
    );
  }
}
