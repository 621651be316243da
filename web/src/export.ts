// The page as it is now, as one file that needs nothing else: no script, styles within.
export async function export_page(name: string, title: string): Promise<void> {
  const main = document.querySelector("main")?.cloneNode(true) as HTMLElement;
  for (const left_out of main.querySelectorAll(".no-print, script")) left_out.remove();
  for (const button of main.querySelectorAll("button")) {
    const plain = document.createElement("div");
    plain.className = button.className;
    plain.append(...button.childNodes);
    button.replaceWith(plain);
  }
  const sheets = [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")];
  const styles = await Promise.all(sheets.map(async (sheet) => (await fetch(sheet.href)).text()));
  const page = document.implementation.createHTMLDocument(`${title} · Heretix`);
  const charset = page.createElement("meta");
  charset.setAttribute("charset", "utf-8");
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "default-src 'none'; style-src 'unsafe-inline'";
  const style = page.createElement("style");
  style.textContent = styles.join("\n");
  page.head.prepend(charset, policy);
  page.head.append(style);
  page.body.append(page.importNode(main, true));
  const file = new Blob([`<!doctype html>\n${page.documentElement.outerHTML}\n`], { type: "text/html" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
