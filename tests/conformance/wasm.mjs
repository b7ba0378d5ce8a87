// Run `drive.py FOLDER` on a CPython that was compiled to WebAssembly.
//
// Usage: node wasm.mjs PYODIDE [python options] DRIVER FOLDER
// It has no threads, no processes and no packages with C code of their own.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

const [pyodide, ...rest] = process.argv.slice(2);
const [driver, folder] = rest.slice(-2);
const project = path.resolve(path.dirname(driver), "..", "..");

const { loadPyodide } = await import(path.join(pyodide, "pyodide.mjs"));
const python = await loadPyodide({ env: { ...process.env, HOME: "/home/python" } });
for (const place of [project, folder]) {
  python.FS.mkdirTree(place);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: place }, place);
}
python.globals.set("ARGUMENTS", python.toPy([driver, folder]));
python.globals.set("PROJECT", project);
python.globals.set("SOURCE", fs.readFileSync(driver, "utf8"));
try {
  python.runPython(`
import sys
sys.path[:0] = ["", PROJECT]
sys.argv = list(ARGUMENTS)
exec(compile(SOURCE, ARGUMENTS[0], "exec"), {"__name__": "__main__", "__file__": ARGUMENTS[0]})
`);
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
process.exit(0);
