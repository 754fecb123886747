//! One script out of the page's modules, so that a browser on a slow network waits for one answer
//! instead of one for each module.

use std::collections::BTreeSet;

/// Why modules can't be joined: a fault in the page, found by the first test that opens it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// A module names one that is not there.
    #[error("there is no module {0}")]
    Missing(String),
    /// Only `import { names } from "./module.js";` on one line is understood.
    #[error("can't understand in {0}: {1}")]
    Import(String, String),
    /// Modules need each other.
    #[error("{0} imports itself by way of others")]
    Circle(String),
}

struct Joiner<S> {
    source: S,
    done: BTreeSet<String>,
    doing: Vec<String>,
    script: String,
}

/// Joins `entry` and all that it imports, each in a scope of its own and after what it imports.
/// `source` gives a module's text by its path.
pub fn join(entry: &str, source: impl Fn(&str) -> Option<String>) -> Result<String, JoinError> {
    let mut joiner = Joiner {
        source,
        done: BTreeSet::new(),
        doing: Vec::new(),
        script: String::new(),
    };
    joiner.add(entry)?;
    Ok(joiner.script)
}

impl<S: Fn(&str) -> Option<String>> Joiner<S> {
    fn add(&mut self, path: &str) -> Result<(), JoinError> {
        if self.done.contains(path) {
            return Ok(());
        }
        if self.doing.iter().any(|doing| doing == path) {
            return Err(JoinError::Circle(path.to_owned()));
        }
        self.doing.push(path.to_owned());
        let text = (self.source)(path).ok_or_else(|| JoinError::Missing(path.to_owned()))?;
        let mut body = String::new();
        let mut exports = Vec::new();
        for line in text.lines() {
            if line.starts_with("import ") {
                let (names, from) = imported(line)
                    .ok_or_else(|| JoinError::Import(path.to_owned(), line.to_owned()))?;
                let from = resolved(path, from);
                self.add(&from)?;
                let line = format!("const {{ {names} }} = {};\n", scope(&from));
                body.push_str(&line);
            } else if let Some(rest) = line.strip_prefix("export ") {
                exports.push(exported(rest).to_owned());
                body += rest;
                body.push('\n');
            } else if !line.trim_start().starts_with("//") {
                body += line;
                body.push('\n');
            }
        }
        let (scope, exports) = (scope(path), exports.join(", "));
        let joined = format!("const {scope} = (() => {{\n{body}return {{ {exports} }};\n}})();\n");
        self.script.push_str(&joined);
        self.doing.pop();
        self.done.insert(path.to_owned());
        Ok(())
    }
}

/// The names and the module of an import.
fn imported(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import { ")?.split_once(" } from \"")?;
    Some((names, from.strip_suffix("\";")?))
}

/// The name that `export` gives to what follows it.
fn exported(declaration: &str) -> &str {
    let words = declaration.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    let mut words = words.filter(|word| !word.is_empty());
    let name =
        words.find(|word| !matches!(*word, "async" | "function" | "class" | "const" | "let"));
    name.unwrap_or_default()
}

/// `./x.js` and `../x.js`, as the module at `path` means them.
fn resolved(path: &str, from: &str) -> String {
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for part in from.split('/') {
        match part {
            "." => {}
            ".." => {
                folders.pop();
            }
            part => folders.push(part),
        }
    }
    folders.join("/")
}

fn scope(path: &str) -> String {
    path.replace(|c: char| !c.is_alphanumeric(), "_")
}

#[cfg(test)]
mod tests {
    use super::{JoinError, join};

    fn page(path: &str) -> Option<String> {
        let text = match path {
            "app.js" => "import { show } from \"./views/list.js\";\nshow();\n",
            "views/list.js" => {
                "// Why.\nimport { h } from \"../dom.js\";\n\nexport function show() { h(); }\n"
            }
            "dom.js" => {
                "const own = 1;\nexport const h = () => own;\nexport async function later() {}\nexport class State {}\n"
            }
            "one.js" => "import { two } from \"./two.js\";\n",
            "two.js" => "import { one } from \"./one.js\";\n",
            "lost.js" => "import { it } from \"./nowhere.js\";\n",
            "odd.js" => "import everything from \"./dom.js\";\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    #[test]
    fn modules_come_after_what_they_import_and_keep_their_scopes() {
        let expected = "const dom_js = (() => {\nconst own = 1;\nconst h = () => own;\nasync function later() {}\n\
            class State {}\nreturn { h, later, State };\n})();\n\
            const views_list_js = (() => {\nconst { h } = dom_js;\n\nfunction show() { h(); }\nreturn { show };\n})();\n\
            const app_js = (() => {\nconst { show } = views_list_js;\nshow();\nreturn {  };\n})();\n";
        assert_eq!(join("app.js", page).as_deref(), Ok(expected));
    }

    #[test]
    fn what_it_does_not_understand_is_an_error() {
        let missing = JoinError::Missing("nowhere.js".to_owned());
        assert_eq!(join("lost.js", page), Err(missing));
        assert_eq!(
            join("one.js", page),
            Err(JoinError::Circle("one.js".to_owned()))
        );
        assert!(matches!(join("odd.js", page), Err(JoinError::Import(..))));
    }
}
