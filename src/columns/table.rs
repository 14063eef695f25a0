//! One table as a Parquet file: rows are gathered to groups, and each group is written when it is full.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use countersign_core::problem::Failure;

/// So many rows are a group: what is kept in memory, and what engines hand to one of their workers.
const GROUP: usize = 32_768;

/// What a column has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text, or nothing.
    Text,
    /// A text that is JSON, or nothing.
    Json,
    /// Texts.
    List,
    /// True, false, or nothing.
    Truth,
}

/// A column.
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it has.
    pub kind: Kind,
}

/// A value of a row.
pub enum Cell {
    /// Of a column of texts, JSON among them.
    Text(Option<String>),
    /// Of a column of lists.
    List(Vec<String>),
    /// Of a column of truths.
    Truth(Option<bool>),
}

impl Cell {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }

    /// A list.
    pub fn list(texts: &[impl AsRef<str>]) -> Self {
        Self::List(texts.iter().map(|t| t.as_ref().to_owned()).collect())
    }
}

/// The values of a column in a group, in Parquet's form: a level says of each place whether there is a value, and whether it begins a row.
#[derive(Default)]
struct Values {
    texts: Vec<ByteArray>,
    truths: Vec<bool>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

/// A table while it is written.
pub struct Table<W: Write + Send> {
    columns: &'static [Column],
    writer: SerializedFileWriter<W>,
    values: Vec<Values>,
    /// How many rows are gathered.
    rows: usize,
    /// Texts that stand in the group: most stand there many times.
    known: HashMap<String, ByteArray>,
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::internal("a table of columns")(error.to_string())
}

impl<W: Write + Send> Table<W> {
    /// A table without rows.
    pub fn new(name: &str, columns: &'static [Column], to: W) -> Result<Self, Failure> {
        let columns_of = columns.iter().map(|Column { name, kind }| match kind {
            Kind::Text => format!("OPTIONAL BYTE_ARRAY {name} (STRING);\n"),
            Kind::Json => format!("OPTIONAL BYTE_ARRAY {name} (JSON);\n"),
            Kind::Truth => format!("OPTIONAL BOOLEAN {name};\n"),
            Kind::List => format!(
                "REQUIRED GROUP {name} (LIST) {{ REPEATED GROUP list {{ REQUIRED BYTE_ARRAY element (STRING); }} }}\n"
            ),
        });
        let message = format!("message {name} {{\n{}}}", columns_of.collect::<String>());
        let schema = Arc::new(parse_message_type(&message).map_err(failed)?);
        let created = format!("countersign {}", env!("CARGO_PKG_VERSION"));
        let properties =
            WriterProperties::builder().set_compression(Compression::SNAPPY).set_created_by(created).build();
        let writer = SerializedFileWriter::new(to, schema, Arc::new(properties)).map_err(failed)?;
        let values = columns.iter().map(|_| Values::default()).collect();
        Ok(Self { columns, writer, values, rows: 0, known: HashMap::new() })
    }

    /// Adds a row: a cell a column, in order.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) -> Result<(), Failure> {
        for (values, cell) in self.values.iter_mut().zip(cells) {
            match cell {
                Cell::Text(text) => {
                    values.definitions.push(i16::from(text.is_some()));
                    values.texts.extend(text.map(|t| shared(&mut self.known, t)));
                }
                Cell::Truth(truth) => {
                    values.definitions.push(i16::from(truth.is_some()));
                    values.truths.extend(truth);
                }
                Cell::List(texts) => {
                    // an empty list has one place, without a value
                    values.definitions.extend(std::iter::repeat_n(i16::from(!texts.is_empty()), texts.len().max(1)));
                    values.repetitions.extend((0..texts.len().max(1)).map(|i| i16::from(i > 0)));
                    values.texts.extend(texts.into_iter().map(|t| shared(&mut self.known, t)));
                }
            }
        }
        self.rows += 1;
        if self.rows == GROUP { self.group() } else { Ok(()) }
    }

    /// Writes the rows that are gathered.
    fn group(&mut self) -> Result<(), Failure> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for (column, values) in self.columns.iter().zip(&mut self.values) {
            let Some(mut writer) = group.next_column().map_err(failed)? else {
                return Err(failed("a column is lost"));
            };
            let Values { texts, truths, definitions, repetitions } = std::mem::take(values);
            let definitions = Some(definitions.as_slice());
            let written = match column.kind {
                Kind::Truth => writer.typed::<BoolType>().write_batch(&truths, definitions, None),
                Kind::Text | Kind::Json => writer.typed::<ByteArrayType>().write_batch(&texts, definitions, None),
                Kind::List => writer.typed::<ByteArrayType>().write_batch(&texts, definitions, Some(&repetitions)),
            };
            written.and_then(|_| writer.close()).map_err(failed)?;
        }
        group.close().map_err(failed)?;
        self.rows = 0;
        self.known.clear();
        Ok(())
    }

    /// Writes what is left, and what the table is about.
    pub fn end(mut self, about: &[(&str, String)]) -> Result<W, Failure> {
        self.group()?;
        for (key, value) in about {
            self.writer.append_key_value_metadata(KeyValue::new((*key).to_owned(), value.clone()));
        }
        // this ends the file, too
        self.writer.into_inner().map_err(failed)
    }
}

/// A text as the group has it.
fn shared(known: &mut HashMap<String, ByteArray>, text: String) -> ByteArray {
    if let Some(array) = known.get(&text) {
        return array.clone();
    }
    let array = ByteArray::from(text.as_str().as_bytes().to_vec());
    known.insert(text, array.clone());
    array
}
