//! Files named on the command line; `-` is stdin.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use countersign_core::problem::{Problem, Source};
use countersign_core::text::files;

/// Reads a file, or stdin, as text.
pub fn read(path: &Path) -> Result<Arc<Source>, Problem> {
    let name = path.display().to_string();
    if name != "-" {
        return files::read_text(path, &name);
    }
    files::text_of(stdin()?, "stdin")
}

/// What stdin holds; a little more than may be read where that is too much.
pub fn stdin() -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(files::MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|e| Problem::general(format!("stdin: {e}")))?;
    Ok(bytes)
}
