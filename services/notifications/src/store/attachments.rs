//! The SQL of files that go with e-mails.

use chassis::db::{Result, Session, Tx, sql};
use uuid::Uuid;

use crate::transport::Attachment;

#[derive(chassis::db::Record)]
#[record(table = "attachments", key("message_id", "position"))]
struct Row {
    message_id: Uuid,
    position: i64,
    filename: String,
    content_type: String,
    content: Vec<u8>,
}

/// Keeps the files of a message, in their order.
pub(crate) async fn insert_attachments(
    tx: &mut Tx,
    message_id: Uuid,
    attachments: Vec<Attachment>,
) -> Result<()> {
    for (position, Attachment { filename, content_type, content }) in (0..).zip(attachments) {
        tx.insert(&Row { message_id, position, filename, content_type, content }).execute().await?;
    }
    Ok(())
}

/// The files of a message, in their order.
pub(crate) async fn attachments(db: impl Session<'_>, message_id: Uuid) -> Result<Vec<Attachment>> {
    let find =
        sql!("SELECT {Row.*} FROM attachments WHERE message_id = {message_id} ORDER BY position");
    let rows: Vec<Row> = db.query(find).all().await?;
    let file = |it: Row| Attachment {
        filename: it.filename,
        content_type: it.content_type,
        content: it.content,
    };
    Ok(rows.into_iter().map(file).collect())
}
