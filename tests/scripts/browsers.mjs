// Names what a script or a sheet asks of browsers and a browser of browsers.json lacks, by MDN's data. The types of
// TypeScript tell which object a name is of; css-tree reads the sheets. MODULES=node_modules node browsers.mjs CONFIG FILE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.MODULES}/`);
const ts = require("typescript");
const css = require("css-tree");
const mdn = require("@mdn/browser-compat-data");

const [config, ...files] = process.argv.slice(2);
const promised = JSON.parse(readFileSync(new URL("browsers.json", import.meta.url), "utf-8"));
const found = [];

/** The promised browsers that lack a feature, in words; "" where the data know nothing of it. */
function lacking(feature) {
  const support = feature?.__compat?.support;
  if (!support) return "";
  const behind = ([browser, first]) => {
    const plain = [support[browser] ?? []]
      .flat()
      .find((one) => !one.prefix && !one.alternative_name && !one.flags);
    const since = parseFloat(String(plain?.version_added).replace("≤", ""));
    return since <= parseFloat(first) ? "" : `${browser} ${plain?.version_added || "none"}`;
  };
  return Object.entries(promised).map(behind).filter(Boolean).join(", ");
}

function tell(file, line, name, lacks) {
  if (lacks) found.push(`${file}:${line}: ${name}: ${lacks}`);
}

// Scripts

const read = ts.readConfigFile(config, ts.sys.readFile).config;
const parsed = ts.parseJsonConfigFileContent(read, ts.sys, `${config}/..`);
const scripts = files.filter((name) => name.endsWith(".js"));
const program = ts.createProgram([...parsed.fileNames, ...scripts], parsed.options);
const types = program.getTypeChecker();

const keys = (name) => [name, `${name}_static`];

/** The feature that a name of an object, or of its constructor, is. */
function featureOf(owner, name) {
  const homes = [mdn.api[owner], mdn.javascript.builtins[owner]];
  return homes
    .flatMap((home) => keys(name).map((key) => home?.[key]))
    .find((feature) => feature?.__compat);
}

/** The interfaces that a name may be of: where it is declared, and those of the object before it. */
function ownersOf(node, symbol) {
  const names = new Set();
  const add = (name) => names.add(name.replace(/Constructor$/, ""));
  for (const declared of symbol.declarations ?? [])
    for (let up = declared.parent; up; up = up.parent)
      if (ts.isInterfaceDeclaration(up) || ts.isVariableDeclaration(up)) add(up.name.getText());
  const addType = (type) => {
    if (type.symbol) add(type.symbol.name);
    for (const one of [...(type.getBaseTypes?.() ?? []), ...(type.types ?? [])]) addType(one);
  };
  addType(types.getApparentType(types.getTypeAtLocation(node.expression)));
  return names;
}

/** Whether every object of JavaScript that has such a name is too young: for what TypeScript knows no type of. */
function lacksAnywhere(name) {
  const all = Object.keys(mdn.javascript.builtins)
    .map((owner) => featureOf(owner, name))
    .filter(Boolean);
  return all.length > 0 && all.every(lacking) ? lacking(all[0]) : "";
}

/** Whether the script asks first: by `?.`, by a condition on the very name, or by `window.Owner` somewhere. */
function isAsked(node, owner, text) {
  if (node.questionDotToken || node.parent.questionDotToken) return true;
  if (new RegExp(`window\\.${owner}\\b`).test(text)) return true;
  for (let up = node.parent; up && !ts.isSourceFile(up); up = up.parent) {
    const condition = ts.isIfStatement(up)
      ? up.expression
      : ts.isConditionalExpression(up)
        ? up.condition
        : null;
    if (condition?.getText().includes(node.name.text)) return true;
  }
  return false;
}

/** What is set, and what a class of the script declares, is not asked of the browser. */
function checkName(node, file, line, text) {
  const name = node.name.text;
  if (
    node.expression.getText().endsWith("dataset") ||
    node.parent.left === node ||
    new RegExp(`^  (async )?${name}\\(`, "m").test(text)
  )
    return;
  const symbol = types.getSymbolAtLocation(node.name);
  if (!symbol)
    return tell(file, line, `….${name}`, isAsked(node, name, text) ? "" : lacksAnywhere(name));
  const owner = [...ownersOf(node, symbol)].find((one) => featureOf(one, name));
  if (owner && !isAsked(node, owner, text))
    tell(file, line, `${owner}.${name}`, lacking(featureOf(owner, name)));
}

const PATTERNS = [
  [/\(\?<[=!]/, mdn.javascript.regular_expressions.lookbehind_assertion],
  [/\/[a-z]*v[a-z]*$/, mdn.javascript.builtins.RegExp.unicodeSets],
];
const SELECTING = new Set([
  "querySelector",
  "querySelectorAll",
  "closest",
  "matches",
  "within",
  "on",
]);

function checkNode(node, file, source) {
  const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  if (ts.isClassStaticBlockDeclaration(node))
    tell(file, line, "static {}", lacking(mdn.javascript.classes.static.initialization_blocks));
  if (ts.isRegularExpressionLiteral(node))
    for (const [pattern, feature] of PATTERNS)
      if (pattern.test(node.text)) tell(file, line, node.text, lacking(feature));
  if (
    ts.isCallExpression(node) &&
    SELECTING.has((node.expression.name ?? node.expression).getText())
  )
    for (const argument of node.arguments)
      if (/:has\(/.test(argument.getText()))
        tell(file, line, ":has()", lacking(mdn.css.selectors.has));
  if (ts.isPropertyAccessExpression(node)) checkName(node, file, line, source.text);
  ts.forEachChild(node, (inner) => checkNode(inner, file, source));
}

for (const file of scripts)
  checkNode(program.getSourceFile(file), file, program.getSourceFile(file));

// Sheets. A property that is not known does no harm, a selector that is not known takes its list with it, and a value
// that is not known needs another before it. js/having.js keeps what is selected by :has().

const VALUES = mdn.css.types;
const LAYOUT = new Set([
  "display",
  "position",
  "overflow",
  "width",
  "height",
  "min-height",
  "max-height",
]);

// Where a browser does not know these there is nothing to be asked for.
const NEVER = new Set(["forced-colors", "prefers-contrast"]);

function lacksOfSelectors(list) {
  const names = [];
  css.walk(list, (node) => {
    if (/^Pseudo/.test(node.type) && node.name !== "has" && lacking(mdn.css.selectors[node.name]))
      names.push(node.name);
  });
  return names;
}

function lacksOfValue(property, value) {
  const lacks = [];
  css.walk(value, (node) => {
    const feature =
      node.type === "Function"
        ? (VALUES[node.name] ?? VALUES.color[node.name])
        : node.type === "Dimension" && /^[dsl]v/.test(node.unit)
          ? VALUES.length.viewport_percentage_units_dynamic
          : node.type === "Identifier" && LAYOUT.has(property)
            ? mdn.css.properties[property][node.name]
            : null;
    if (lacking(feature)) lacks.push(node.name ?? node.unit);
  });
  return lacks.join(", ");
}

function checkBlock(block, file) {
  const before = new Set();
  for (const one of block.children.toArray().filter((child) => child.type === "Declaration")) {
    const lacks = lacksOfValue(one.property, one.value);
    if (lacks && !before.has(one.property))
      tell(file, one.loc.start.line, lacks, `no ${one.property} before it`);
    before.add(one.property);
  }
}

function checkSheet(file) {
  const tree = css.parse(readFileSync(file, "utf-8"), {
    positions: true,
    parseCustomProperty: true,
  });
  let fallback = "";
  css.walk(tree, function (node) {
    const line = node.loc?.start.line;
    if (node.type === "Atrule" && node.name === "supports") fallback += css.generate(node.prelude);
    if (node.type === "Atrule" && node.name === "container" && !fallback.includes("container-type"))
      tell(
        file,
        line,
        "@container",
        `${lacking(mdn.css["at-rules"].container)}, and no @supports not (container-type)`,
      );
    if (node.type === "Feature" && this.atrule?.name === "media" && !NEVER.has(node.name))
      tell(file, line, node.name, lacking(mdn.css["at-rules"].media[node.name]));
    if (node.type === "FeatureRange")
      tell(file, line, "a range", lacking(mdn.css["at-rules"].media.range_syntax));
    if (node.type === "NestingSelector") tell(file, line, "&", lacking(mdn.css.selectors.nesting));
    if (node.type === "Rule" && node.prelude.type === "SelectorList")
      for (const name of lacksOfSelectors(node.prelude))
        if (node.prelude.children.size > 1)
          tell(file, line, `:${name} in a list`, "the list is dropped");
    if (node.type === "Block" && this.atrule?.name !== "supports") checkBlock(node, file);
  });
}

for (const file of files.filter((name) => name.endsWith(".css"))) checkSheet(file);

if (found.length > 0) console.log(found.join("\n"));
process.exitCode = found.length > 0 ? 1 : 0;
