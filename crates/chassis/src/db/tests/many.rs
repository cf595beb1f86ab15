//! Rows as values of a statement, fields kept otherwise than as they are, and what is counted.

use super::*;
use crate::db::{Insert, Record, Select, sql};
use crate::testing::{Database, databases};

#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "boxes", key("id"))]
struct Box {
    id: i64,
    #[record(json)]
    tags: Vec<String>,
    #[record(skip)]
    weights: Vec<i64>,
}

#[derive(Clone, Copy, Insert)]
struct Step<'a> {
    id: i64,
    tag: &'a str,
}

async fn boxes(db: &Db, count: i64) -> Vec<Box> {
    let create = "CREATE TABLE boxes (id BIGINT PRIMARY KEY, tags JSONB NOT NULL)";
    db.query(create).execute().await.unwrap();
    let new = (0..count).map(|id| Box { id, tags: vec![id.to_string()], weights: vec![] });
    let all: Vec<Box> = new.collect();
    let heavy: Vec<Box> = all.iter().map(|it| Box { weights: vec![1], ..it.clone() }).collect();
    let insert = sql!("INSERT INTO boxes ({Box.*}) VALUES {heavy..*}");
    assert_eq!(db.query(insert).execute().await.unwrap(), count as u64);
    all
}

#[databases]
async fn rows_are_values_of_one_statement(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    let all = boxes(db, 5).await;
    let read = db.query(sql!("SELECT {Box.*} FROM boxes ORDER BY id")).all::<Box>().await;
    assert_eq!(read.unwrap(), all, "{}", platform.kind);
    let (before, most) = (db.statements(), 3_i64);
    for count in 1..=4 {
        let steps = [(4, "d"), (0, "a"), (2, "c"), (9, "x")].map(|(id, tag)| Step { id, tag });
        let steps = &steps[..count];
        let join = sql!(
            "WITH step ({Step.*}) AS (VALUES {steps..*})
             SELECT boxes.id, step.tag FROM boxes JOIN step ON step.id = boxes.id
             WHERE boxes.id <> {most} ORDER BY boxes.id"
        );
        let joined: Vec<(i64, String)> = db.query(join).all().await.unwrap();
        let mut expected: Vec<_> = steps.iter().filter(|it| it.id < 5).collect();
        expected.sort_by_key(|it| it.id);
        let expected = expected.into_iter().map(|it| (it.id, it.tag.to_owned()));
        assert_eq!(joined, expected.collect::<Vec<_>>(), "{}", platform.kind);
    }
    assert_eq!(db.statements() - before, 4);
}

#[databases]
async fn a_list_has_one_of_several_values(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    boxes(db, 5).await;
    for ids in [vec![], vec![3], vec![0, 1, 4], vec![7]] {
        let mut list = Select::from("boxes");
        list.one_of("id", ids.clone()).order("id");
        let found: Vec<Box> = list.records::<Box>(db, "").all().await.unwrap();
        let found: Vec<i64> = found.into_iter().map(|it| it.id).collect();
        let expected = ids.into_iter().filter(|it| *it < 5);
        assert_eq!(found, expected.collect::<Vec<_>>(), "{}", platform.kind);
    }
}
