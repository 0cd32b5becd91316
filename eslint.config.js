// Lint rules of the pages' scripts: types strict, no evaluation of text, nothing left on the console.
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["static/dist/**", "node_modules/**", ".venv/**", "var/**"] },
  ...tseslint.configs.strict,
  {
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
    },
  },
);
