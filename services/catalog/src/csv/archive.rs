//! An archive.

use super::importer::Importer;
use super::plan::Planner;
use super::source::Source;
use super::{ImportError, Report};

pub struct Archive;
#[derive(Debug, thiserror::Error)]
pub enum Wrong {}
impl Archive {
    pub(super) fn open(source: Source) -> Result<(Source, Option<Self>), ImportError> { Ok((source, None)) }
    pub(super) async fn step(&mut self, _: &mut Importer<'_>) -> Result<bool, ImportError> { Ok(false) }
    pub(super) fn look(self, _: &mut Planner<'_>, _: &mut Report) -> Result<(), ImportError> { Ok(()) }
}
