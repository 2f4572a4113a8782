import js from "@eslint/js";
import globals from "globals";

const strict = {
  ...js.configs.recommended.rules,
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  "eqeqeq": ["error", "always", { null: "ignore" }],
  "no-var": "error",
  "prefer-const": "error",
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-new-func": "error",
  "no-console": "error",
  "no-alert": "error",
  "no-shadow": "error",
  "max-len": ["error", { code: 180, ignoreStrings: true, ignoreTemplateLiterals: true }],
  "no-restricted-properties": [
    "error",
    { property: "innerHTML", message: "data never becomes markup" },
    { property: "outerHTML", message: "data never becomes markup" },
    { property: "insertAdjacentHTML", message: "data never becomes markup" },
  ],
};

export default [
  { ignores: ["node_modules/", ".venv/", "build/", "dist/", "static/dist/"] },
  {
    files: ["static/pane/**/*.js"],
    languageOptions: { globals: { ...globals.browser, __ICONS__: "readonly", __WORKER__: "readonly" } },
    rules: {
      ...strict,
      "no-restricted-globals": ["error", "localStorage", "sessionStorage", "indexedDB", "alert", "confirm", "prompt", "open", "event", "name"],
    },
  },
  {
    files: ["sf_metadata/**/staticresources/*.js"],
    languageOptions: { sourceType: "script", globals: { ...globals.browser, sforce: "readonly" } },
    rules: strict,
  },
  {
    files: ["simulators/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: { ...strict, "no-console": "off", "no-shadow": "off" },
  },
  {
    files: ["tests/js/**/*.{js,mjs}", "tools/**/*.mjs", "tests/browser/**/*.mjs", "*.js"],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: strict,
  },
];
