// The browser page: phones drawn from the server's picture of them. No framework, no build step.
const state = { phones: [], drawn: new Map(), voice: new Set() };
const $ = (selector, root = document) => root.querySelector(selector);

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

async function call(path, body) {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) toast(answer.error || "没有成功");
  return answer;
}

function toast(text) {
  const node = $("#toast");
  node.textContent = text;
  node.classList.add("on");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => node.classList.remove("on"), 2600);
}

// --- the markdown the two apps draw: headings, bold, quotes, links, coloured fonts

function inline(text, parent) {
  const parts = text.split(/(\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\)|<font color="?[\w#]+"?>.*?<\/font>|`[^`]+`)/);
  for (const part of parts) {
    const font = part.match(/^<font color="?([\w#]+)"?>(.*?)<\/font>$/);
    if (part.startsWith("**") && part.endsWith("**") && part.length > 4) parent.append(element("b", "", part.slice(2, -2)));
    else if (font) { const node = element("span", "", font[2].replaceAll("**", "")); node.style.color = { info: "#0a9b5a", comment: "#8a9099", warning: "#d8432f" }[font[1]] || font[1]; parent.append(node); }
    else if (/^\[.+\]\(.+\)$/.test(part)) parent.append(element("span", "link", part.slice(1, part.indexOf("]"))));
    else if (part) parent.append(part.replace(/^`|`$/g, ""));
  }
}

function markdown(text) {
  const box = element("div", "body");
  for (const line of text.replace(/<br ?\/?>/g, "\n").split("\n")) {
    const heading = line.match(/^#{1,6}\s+(.*)/);
    const quote = line.match(/^>\s?(.*)/);
    const node = element(heading ? "h3" : quote ? "blockquote" : "p");
    inline((heading || quote || [null, line])[1].replace(/^[-*] /, "· "), node);
    if (!node.textContent) node.innerHTML = "&nbsp;";
    box.append(node);
  }
  return box;
}

// --- one thing in a conversation

function cardNode(phone, shown) {
  const card = element("article", "card");
  const inside = element("div", "in");
  if (shown.title) inside.append(element("h3", "", shown.title));
  if (shown.image) { const image = element("img"); image.src = shown.image; image.alt = "图片"; inside.append(image); }
  if (shown.subtitle) inside.append(element("div", "sub", shown.subtitle));
  if (shown.body) inside.append(markdown(shown.body));
  if (shown.rows.length) {
    const list = element("dl");
    for (const [label, value] of shown.rows) list.append(element("dt", "", label), element("dd", "", value));
    inside.append(list);
  }
  card.append(inside);
  if (shown.choice) card.append(chooser(phone, shown));
  if (shown.buttons.length) card.append(buttonRow(phone, shown));
  return card;
}

function buttonRow(phone, shown) {
  const row = element("div", "buttons");
  for (const button of shown.buttons) {
    const node = element("button", button.style, button.text);
    node.disabled = shown.disabled;
    node.onclick = () => call("/api/click", { phone: phone.id, card: shown.id, key: button.key });
    row.append(node);
  }
  return row;
}

function chooser(phone, shown) {
  const box = element("div", "choose");
  const select = element("select");
  select.setAttribute("aria-label", shown.choice.title);
  for (const [value, text] of shown.choice.options) select.append(new Option(text, value));
  box.append(select);
  if (shown.submit) {
    const submit = element("button", "", shown.submit.text);
    submit.onclick = () => call("/api/click", { phone: phone.id, card: shown.id, key: shown.submit.key, selected: { [shown.choice.key]: select.value } });
    box.append(submit);
  }
  return box;
}

function itemNode(phone, shown) {
  const item = element("div", shown.mine ? "item mine" : "item");
  item.append(element("time", "", shown.at));
  if (!shown.mine && (shown.kind === "card" || shown.kind === "markdown")) item.append(cardNode(phone, shown));
  else {
    const bubble = element("div", "bubble", shown.kind === "voice" ? `（语音）${shown.body || ""}` : shown.kind === "location" ? `（位置）${shown.body || shown.title}` : shown.body || shown.title);
    if (shown.image) { bubble.textContent = ""; const image = element("img"); image.src = shown.image; image.alt = "图片"; bubble.append(image); }
    item.append(bubble);
  }
  if (shown.wire.length) {
    const raw = element("button", "raw", "报文");
    raw.onclick = () => { $("#wire-text").textContent = JSON.stringify(shown.wire, null, 2); $("#wire").showModal(); };
    item.append(raw);
  }
  item.dataset.card = shown.id;
  return item;
}

function draw(phone) {
  const talk = $(".talk", phone.node);
  const drawn = state.drawn.get(phone.id) || [];
  const atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
  const grew = phone.screen.length > drawn.length;
  phone.screen.forEach((shown, index) => {
    const mark = JSON.stringify(shown);
    if (drawn[index] === mark) return;
    const node = itemNode(phone, shown);
    if (talk.children[index]) talk.children[index].replaceWith(node);
    else talk.append(node);
    drawn[index] = mark;
  });
  while (talk.children.length > phone.screen.length) talk.lastChild.remove();
  drawn.length = phone.screen.length;
  state.drawn.set(phone.id, drawn);
  if (grew || atEnd) talk.scrollTop = talk.scrollHeight;
}

// --- phones

function build(info) {
  const node = $("#phone-template").content.firstElementChild.cloneNode(true);
  node.classList.add(info.platform);
  node.id = `phone-${info.id}`;
  $(".person", node).textContent = `${info.name} · ${info.role}`;
  $(".app", node).textContent = info.platform === "wecom" ? "企业微信" : "钉钉";
  const input = $("input", node);
  const mic = $(".mic", node);
  mic.onclick = () => { state.voice.has(info.id) ? state.voice.delete(info.id) : state.voice.add(info.id); mic.classList.toggle("on"); input.placeholder = mic.classList.contains("on") ? "下一句当作语音发送" : "说一句，例如：今天拜访了…"; };
  $("form", node).onsubmit = (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    call("/api/say", { phone: info.id, text, voice: state.voice.has(info.id) });
    input.value = "";
  };
  for (const text of info.tries) { const chip = element("button", "", text); chip.title = text; chip.onclick = () => { input.value = text; input.focus(); }; $(".tries", node).append(chip); }
  for (const column of info.menu) $(".menu", node).append(menuColumn(info, column));
  for (const [text, action] of info.extras) { const extra = element("button", "", text); extra.onclick = () => call("/api/act", { phone: info.id, action }); $(".extras", node).append(extra); }
  $("#phones").append(node);
  const tab = element("button", "", info.name);
  tab.onclick = () => show(info.id);
  $("#tabs").append(tab);
  return { ...info, node, tab, screen: [] };
}

function menuColumn(info, column) {
  const box = element("details");
  box.name = `menu-${info.id}`; // of one name, one is open
  box.append(element("summary", "", column.name));
  const list = element("div");
  for (const [text, key] of column.keys) {
    const entry = element("button", "", text);
    entry.onclick = () => { box.open = false; call("/api/menu", { phone: info.id, key }); };
    list.append(entry);
  }
  box.append(list);
  return box;
}

function show(id) {
  for (const phone of state.phones) { phone.node.classList.toggle("on", phone.id === id); phone.tab.classList.toggle("on", phone.id === id); }
  const talk = $(`#phone-${id} .talk`);
  talk.scrollTop = talk.scrollHeight; // what came while it was hidden has not been scrolled to
}

function receive(picture) {
  $("#now").textContent = picture.now;
  if (!state.phones.length) { state.phones = picture.phones.map(build); show(state.phones[0].id); }
  for (const phone of state.phones) { phone.screen = picture.screens[phone.id]; draw(phone); }
  document.body.dataset.ready = "yes";
}

for (const button of document.querySelectorAll("[data-jump]")) button.onclick = () => call("/api/clock", { jump: button.dataset.jump });
$("#jump").onclick = () => $("#moment").value && call("/api/clock", { to: $("#moment").value });

const source = new EventSource("/api/pictures");
source.onmessage = (event) => receive(JSON.parse(event.data));
source.onerror = () => toast("连接断开，正在重试…");
