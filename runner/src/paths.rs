//! How files are named where others read it. Only what is typed counts: no link is followed.

use std::path::{Component, Path, PathBuf};

/// A path from the root on, without `.` and `..`.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    normal(&std::path::absolute(path).unwrap_or_else(|_| path.into()))
}

/// A path that says nothing about this machine, and the same however a file was typed: relative to the
/// working directory. Of a file that was typed from the root on and lies elsewhere, the name alone.
pub(crate) fn anywhere(path: &Path) -> String {
    std::env::current_dir().map_or_else(|_| shown(path), |here| anywhere_from(&here, path))
}

fn anywhere_from(here: &Path, path: &Path) -> String {
    let (here, there) = (normal(here), normal(&here.join(path)));
    let relative = match there.strip_prefix(&here) {
        Ok(below) => below.into(),
        Err(_) if path.is_absolute() => path.file_name().map_or_else(|| path.into(), PathBuf::from),
        Err(_) => {
            let both = here.iter().zip(&there).take_while(|(one, other)| one == other).count();
            let up = here.iter().skip(both).map(|_| "..".as_ref());
            up.chain(there.iter().skip(both)).collect()
        }
    };
    shown(&relative)
}

/// A path with `/` between its parts, on every system.
pub(crate) fn shown(path: &Path) -> String {
    let shown = path.display().to_string();
    if cfg!(windows) { shown.replace('\\', "/") } else { shown }
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // Above the root there is nothing; above a relative beginning there is.
            Component::ParentDir if normal.file_name().is_some_and(|name| name != "..") => {
                normal.pop();
            }
            Component::ParentDir if normal.has_root() => {}
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_file_has_one_name_however_it_is_typed() {
        let from = |path: &str| anywhere_from(Path::new("/home/x"), Path::new(path));
        for typed in
            ["s/a.yaml", "./s/a.yaml", "../x/s/a.yaml", "s/../s//a.yaml", "/home/x/s/a.yaml"]
        {
            assert_eq!(from(typed), "s/a.yaml", "{typed}");
        }
        assert_eq!(from("../y/a.yaml"), "../y/a.yaml");
        assert_eq!(from("s/../../../z/./a.yaml"), "../../z/a.yaml");
        assert_eq!(from("/tmp/secret/a.yaml"), "a.yaml");
        assert_eq!(from("../../../../a.yaml"), "../../a.yaml", "above the root there is nothing");
    }
}
