//! Every public type, trait and free function shows, in an example that runs, how it is used.

use std::fs;
use std::path::{Path, PathBuf};

/// How a declaration begins that needs an example. An alias shows what it abbreviates, and methods
/// belong to their type's example.
const DECLARED: [&str; 5] = ["pub struct ", "pub enum ", "pub trait ", "pub fn ", "pub const fn "];

/// The declarations of a source, each with whether it has an example. At the margin stands what the
/// crate offers (`unreachable_pub` sees to that); documentation and item are one paragraph.
fn declarations(source: &str) -> impl Iterator<Item = (&str, bool)> {
    source.split("\n\n").filter_map(|paragraph| {
        let declares = |line: &&str| DECLARED.iter().any(|begins| line.starts_with(begins));
        let line = paragraph.lines().find(declares)?;
        Some((line, paragraph.contains("/// ```\n")))
    })
}

/// The sources of a folder, but for what the examples themselves are made of.
fn read(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("the sources of the crate can be read") {
        let path = entry.expect("an entry of the sources").path();
        if path.file_stem().is_some_and(|name| name == "example") {
            continue;
        }
        if path.is_dir() {
            read(&path, sources);
        } else {
            let text = fs::read_to_string(&path).expect("sources are text");
            sources.push((path, text.replace("\r\n", "\n")));
        }
    }
}

#[test]
fn every_public_type_trait_and_function_has_an_example() {
    let mut sources = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let (mut shown, mut bare) = (0, Vec::new());
    for (path, text) in &sources {
        for (line, has_example) in declarations(text) {
            if has_example {
                shown += 1;
            } else {
                bare.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert!(bare.is_empty(), "without an example:\n{}", bare.join("\n"));
    assert!(shown > 80, "only {shown} declarations were found: did the layout change?");
}

#[test]
fn what_has_no_example_is_found() {
    let source = "/// One.\n///\n/// ```\n/// one();\n/// ```\npub fn one() {\n\n    two();\n}\n\n\
                  /// Two.\n#[derive(Debug)]\npub struct Two;\n\npub(crate) struct Three;\n";
    let found: Vec<_> = declarations(source).collect();
    assert_eq!(found, [("pub fn one() {", true), ("pub struct Two;", false)]);
}
