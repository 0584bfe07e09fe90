// HTML of an example, which the server makes and in which it escapes all that comes from data: as
// elements that only show something, whatever it says.

const TAGS = new Set(
  ["b", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "i", "img", "ins", "li", "mark",
   "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
   "th", "thead", "tr", "u", "ul"],
);
const ATTRIBUTES = new Set(
  ["alt", "class", "colspan", "dir", "draggable", "height", "lang", "rowspan", "scope", "src", "title",
   "width"],
);
const MEDIA = "/media/";

export function inert(html) {
  // A document of its own: nothing in it runs or loads.
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const part of body.querySelectorAll("*")) {
    if (!TAGS.has(part.localName)) part.remove();
    for (const { name, value } of [...part.attributes]) {
      const isOurs = name !== "src" || value.startsWith(MEDIA);
      if (!ATTRIBUTES.has(name) || !isOurs) part.removeAttribute(name);
    }
  }
  const shown = document.createElement("div");
  shown.className = "shown";
  for (const part of body.childNodes) shown.append(document.importNode(part, true));
  return shown;
}
