//! From a folder to an inventory: what each file holds is told by its content, what AWS answered is imported on the way, and
//! everything together is completed and checked by [`crate::inventory`].

mod beside;
pub mod files;

use std::sync::Arc;

use crate::import::{self, Imported};
use crate::inventory::config::Config;
use crate::inventory::copies::Copies;
use crate::inventory::limits::Limited;
use crate::inventory::schema::EntitySchema;
use crate::inventory::{Builder, Inventory};
use crate::problem::{Failure, Problem, SourceFile};
use crate::source;
use crate::source::digest::sha256;
use crate::text::json;
use files::{File, FileKind};

impl Inventory {
    /// Reads all files of a source. An empty one is [`Failure::Nothing`].
    pub fn load(source: &dyn source::Source, schema: Arc<EntitySchema>) -> Result<Self, Failure> {
        if !source.exists() {
            return Err(Failure::NoFolder(source.name()));
        }
        Self::load_configured(source, Config::read(source).map_err(Failure::Problems)?, schema)
    }

    /// The same, where the settings were read before.
    pub fn load_configured(
        source: &dyn source::Source,
        mut config: Config,
        schema: Arc<EntitySchema>,
    ) -> Result<Self, Failure> {
        if !source.exists() {
            return Err(Failure::NoFolder(source.name()));
        }
        let mut builder = Builder::new(source, schema);
        if let Some(settings) = &config.source {
            builder.note(&settings.path, sha256(settings.text.as_bytes()), settings.text.len() as u64);
        }
        builder.newer(&config);
        let (mut problems, mut answers, mut most) = (Vec::new(), Vec::new(), None);
        let unread = files::each(source, &config, &mut problems, |file| {
            answers.extend(read(&mut builder, file));
            most = config.limits.exceeded(Limited::Entities, builder.entities_read() as u64, &source.name());
            most.is_none()
        });
        builder.unread(problems);
        builder.problems(most);
        if !answers.is_empty() {
            import(&mut builder, answers, &mut config);
            let number = builder.entities_read() as u64;
            builder.problems(config.limits.exceeded(Limited::Entities, number, &source.name()));
        }
        let mut inventory = builder.finish(config)?;
        inventory.files.unread.extend(unread);
        inventory.files.commit = source.commit();
        inventory.copies = Copies::of(&inventory.entities, source);
        Ok(inventory)
    }

    /// The inventory that an import makes, by itself.
    pub fn of_import(imported: &Imported, schema: Arc<EntitySchema>) -> Result<Self, Failure> {
        let nowhere = source::Memory::new(".");
        let mut builder = Builder::new(&nowhere, schema);
        add(&mut builder, imported)?;
        builder.finish(Config::none())
    }
}

/// Reads a file of an inventory; an answer of AWS is left.
fn read(builder: &mut Builder<'_>, file: File) -> Option<import::File> {
    let File { source, root, kind, sha256, bytes } = file;
    builder.note(&source.path, sha256, bytes);
    let is_table = matches!(kind, FileKind::Answer(import::InputKind::AccountsCsv | import::InputKind::FailedCall));
    if is_table || source.path.to_ascii_lowercase().ends_with(".gz") {
        builder.aside(&source.path);
    }
    match kind {
        FileKind::Answer(kind) => return Some(import::File { source, root, kind }),
        FileKind::Entities => builder.entities(&source, &root),
        FileKind::Policy => drop(builder.document(source, root)),
    }
    None
}

/// Reads answers of AWS as the files that an import would write.
fn import(builder: &mut Builder<'_>, answers: Vec<import::File>, config: &mut Config) {
    match import::read(answers, config.as_of) {
        Err(problems) => builder.problems(problems),
        Ok(mut imported) => {
            config.as_of = config.as_of.or(imported.as_of);
            builder.problems(std::mem::take(&mut imported.notes));
            if let Err(Failure::Problems(problems)) = add(builder, &imported) {
                builder.problems(problems);
            }
        }
    }
}

fn add(builder: &mut Builder<'_>, imported: &Imported) -> Result<(), Failure> {
    for (path, text) in import::texts::texts(imported)? {
        let source = SourceFile::new(path.clone(), text);
        let root = json::parse(&source).map_err(Failure::Problems)?;
        if imported.files.entities.contains_key(&path) {
            builder.entities(&source, &root);
        } else if let Some(first) = builder.document(source, root) {
            let message = format!("{} exists, but the output of AWS also makes a document of that name", first.path);
            let help = "move one of the two into another folder";
            builder.problems([Problem::about(&first.path, message).help(help)]);
        }
    }
    Ok(())
}
