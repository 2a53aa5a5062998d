/* Search and copying. Everything else of the site works without a script.
   The index is loaded as scripts, because a page opened from a folder may not fetch files. */
(function () {
  "use strict";
  var root = document.body.getAttribute("data-root") || "";
  var input = document.getElementById("q");
  var list = document.getElementById("found");
  var said = document.getElementById("said");
  var entries = [], asked = false, waiting = 0, current = -1;
  var kinds = { c: "县", o: "部门（单位）", p: "项目", s: "科目", f: "核对提示" };
  var MOST = 20;

  function load(src) {
    var s = document.createElement("script");
    s.src = root + src;
    waiting += 1;
    s.onload = s.onerror = function () { waiting -= 1; show(); };
    document.head.appendChild(s);
  }
  window.budgetsShards = function (shards) { shards.forEach(function (one) { load(one[1]); }); };
  window.budgetsFound = function (county, found) { entries = entries.concat(found); };

  function plain(text) { return text.toLowerCase().replace(/[\s（）()“”"·]/g, ""); }

  function matches(query) {
    var words = query.trim().split(/\s+/).map(plain).filter(Boolean);
    if (!words.length) { return []; }
    var order = { o: 0, c: 1, p: 2, s: 3, f: 4 };
    return entries.map(function (e) {
      var name = plain(e[1]), all = name + plain(e[2]);
      if (!words.every(function (w) { return all.indexOf(w) >= 0; })) { return null; }
      var score = name === words[0] ? 0 : name.indexOf(words[0]) === 0 ? 1 : name.indexOf(words[0]) > 0 ? 2 : 3;
      return [score, order[e[0]], e];
    }).filter(Boolean).sort(function (a, b) { return a[0] - b[0] || a[1] - b[1]; }).map(function (x) { return x[2]; });
  }

  function show() {
    var query = input.value;
    list.textContent = "";
    current = -1;
    input.removeAttribute("aria-activedescendant");
    if (!query.trim()) { close(); said.textContent = ""; return; }
    var hits = matches(query);
    hits.slice(0, MOST).forEach(function (e, n) {
      var a = document.createElement("a");
      a.href = root + e[3];
      a.id = "hit-" + n;
      a.setAttribute("role", "option");
      a.setAttribute("aria-selected", "false");
      a.tabIndex = -1;
      a.textContent = e[1];
      var sub = document.createElement("span");
      sub.textContent = kinds[e[0]] + (e[2] ? " · " + e[2] : "");
      a.appendChild(sub);
      list.appendChild(a);
    });
    if (!hits.length) {
      var p = document.createElement("p");
      p.textContent = waiting ? "正在查找……" : "没有找到。No match.";
      list.appendChild(p);
    }
    said.textContent = waiting ? "" : hits.length + " 条结果";
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }
  function close() { list.hidden = true; input.setAttribute("aria-expanded", "false"); }
  function choose(n) {
    var options = list.querySelectorAll("a");
    if (!options.length) { return; }
    current = (n + options.length) % options.length;
    options.forEach(function (o, i) { o.setAttribute("aria-selected", i === current ? "true" : "false"); });
    options[current].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[current].id);
  }
  if (input) {
    input.addEventListener("focus", function () {
      if (!asked) { asked = true; load("search/index.js"); }
    });
    input.addEventListener("input", show);
    input.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown") { choose(current + 1); event.preventDefault(); }
      else if (event.key === "ArrowUp") { choose(current - 1); event.preventDefault(); }
      else if (event.key === "Escape") { close(); }
      else if (event.key === "Enter") {
        var options = list.querySelectorAll("a");
        if (options.length) { location.href = options[Math.max(0, current)].href; event.preventDefault(); }
      }
    });
    document.addEventListener("click", function (event) {
      if (!event.target.closest(".find")) { close(); }
    });
  }

  document.querySelectorAll("button[data-copy]").forEach(function (button) {
    button.addEventListener("click", function () {
      var text = document.getElementById(button.getAttribute("data-copy")).textContent.trim();
      var told = button.parentNode.querySelector(".copied");
      function done() { told.textContent = "已复制 Copied"; }
      function byHand() {
        var area = document.createElement("textarea");
        area.value = text;
        area.setAttribute("readonly", "");
        area.style.cssText = "position:fixed;opacity:0";
        document.body.appendChild(area);
        area.select();
        var ok = document.execCommand("copy");
        area.remove();
        button.focus();
        if (ok) { done(); } else { told.textContent = "请手动选取上文 Select the text above"; }
      }
      if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(text).then(done, byHand);
      } else { byHand(); }
    });
  });
})();
