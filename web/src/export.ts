// The page as one file that needs nothing else: no script, styles within. Every prompt and answer is in it, folded as
// on the screen; what only a script could work is left out.
export async function export_page(name: string, title: string): Promise<void> {
  const main = document.querySelector("main")?.cloneNode(true) as HTMLElement;
  for (const left_out of main.querySelectorAll(".no-print, .detail, script")) left_out.remove();
  for (const button of main.querySelectorAll("button")) {
    const plain = document.createElement("div");
    plain.className = button.className;
    plain.style.cssText = button.style.cssText;
    plain.append(...button.childNodes);
    if (!plain.textContent) {
      // A point of a picture: its words stay as what it is called.
      const name = button.getAttribute("aria-label") ?? "";
      plain.setAttribute("role", "img");
      plain.setAttribute("aria-label", name);
      plain.title = name;
    }
    button.replaceWith(plain);
  }
  const sheets = [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")];
  const styles = await Promise.all(sheets.map(async (sheet) => (await fetch(sheet.href)).text()));
  const safe_title = document.createElement("span");
  safe_title.textContent = `${title} · Heretix`;
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${safe_title.innerHTML}</title>
<style>${styles.join("\n")}</style></head>
<body>${main.outerHTML}</body></html>
`;
  const file = new Blob([page], { type: "text/html" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
