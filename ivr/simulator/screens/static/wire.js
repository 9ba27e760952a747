// What goes over the wire, line by line as it happens; only one call's if that is selected.

const list = document.querySelector("#wire");
const which = document.querySelector("#which");
const follow = document.querySelector("#follow");
const ARROWS = { webhook: "→ app", rest: "← REST", debugger: "! debugger", person: "☎" };
const MAX_LINES = 1000;  // that stay on the page
let after = 0;

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function isWrong({ kind, status, what }) {
  if (kind === "debugger") return what.startsWith("error");
  return kind !== "person" && (status === 0 || status >= 400);
}

function shown(line) {
  const head = [
    element("time", { datetime: line.at }, line.at.slice(11, 19)), ` ${ARROWS[line.kind]} `,
    element("span", { class: "what" }, line.what),
  ];
  if (line.status) head.push(" ", element("span", { class: "status" }, String(line.status)));
  if (line.took) head.push(" ", element("span", { class: "took" }, `${line.took} ms`));
  const kind = `${line.kind}${isWrong(line) ? " wrong" : ""}`;
  const item = element("li", { class: kind, "data-call": line.call });
  const params = Object.entries(line.params).filter(([, value]) => value);
  if (!params.length && !line.body) {
    item.append(...head);
    return item;
  }
  const rows = params.map(([name, value]) => element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value)));
  item.append(element("details", {}, element("summary", {}, ...head),
    ...(rows.length ? [element("table", {}, element("tbody", {}, ...rows))] : []),
    ...(line.body ? [element("pre", {}, pretty(line.body))] : [])));
  return item;
}

function pretty(body) {
  if (body.startsWith("{")) {
    try {
      return JSON.stringify(JSON.parse(body), null, 1);
    } catch {
      return body;
    }
  }
  return body.replace(/></g, ">\n<");
}

function only() {
  for (const each of list.children) each.hidden = Boolean(which.value) && each.dataset.call !== which.value;
}

function add(lines) {
  list.querySelector(".none")?.remove();
  for (const line of lines) {
    list.append(shown(line));
    if (line.call && ![...which.options].some((each) => each.value === line.call)) {
      const from = line.params.From ? `${line.params.From} to ${line.params.To}` : line.call;
      which.append(element("option", { value: line.call }, `${line.at.slice(11, 19)} ${from}`));
    }
    after = line.number;
  }
  while (list.children.length > MAX_LINES) list.firstChild.remove();
  only();
  if (follow.checked) list.scrollTop = list.scrollHeight;
}

async function look() {
  try {
    const answer = await fetch(`${list.dataset.wire}?after=${after}`);
    if (answer.status === 200) add((await answer.json()).lines);
    list.classList.remove("lost");
  } catch {
    list.classList.add("lost");  // the phones next to it say so in words
  }
  setTimeout(look, 500);
}

which.addEventListener("change", only);
look();
