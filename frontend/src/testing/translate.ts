/** What a browser's translation does to a page: each text node gives way to elements of its own. */

/** Rewrites the texts under `root`, and all that come later; returns a function that ends it. */
export function translate(root: Node): () => void {
  const rewrite = (node: Node): void => {
    if (node instanceof Text) {
      const parent = node.parentElement;
      if (!parent || parent.closest("font, [translate=no], textarea, script, style")) return;
      const outer = document.createElement("font");
      const inner = document.createElement("font");
      inner.textContent = node.data;
      outer.append(inner);
      node.replaceWith(outer);
      return;
    }
    for (const child of [...node.childNodes]) rewrite(child);
  };
  rewrite(root);
  const observer = new MutationObserver((records) => {
    for (const { addedNodes, target, type } of records) {
      if (type === "characterData") rewrite(target);
      for (const node of addedNodes) rewrite(node);
    }
  });
  observer.observe(root, { childList: true, characterData: true, subtree: true });
  return () => observer.disconnect();
}
