//! Rows that know their columns, statements that bind by name, lists.

use crate::testing::{Database, databases};
use uuid::Uuid;

use super::*;
use crate::db::{Insert, Json, Record, Select, Word, sql};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Word)]
enum Colour {
    Red,
    DarkBlue,
}

#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "things", key("id"))]
struct Thing {
    id: Uuid,
    colour: Colour,
    #[record(rename = "order")]
    place: Option<i64>,
    #[record(flatten)]
    more: More,
}

#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "things")]
struct More {
    tags: Json<Vec<String>>,
    at: chrono::DateTime<chrono::Utc>,
}

#[derive(Insert)]
#[record(table = "things")]
struct New<'a> {
    id: Uuid,
    colour: Colour,
    #[record(flatten)]
    more: &'a More,
}

fn thing(number: u128) -> Thing {
    let colour = if number.is_multiple_of(2) { Colour::Red } else { Colour::DarkBlue };
    let tags = Json(vec![number.to_string()]);
    let more = More { tags, at: crate::testing::noon() };
    Thing { id: Uuid::from_u128(number), colour, place: Some(number as i64), more }
}

async fn things(db: &Db, count: u128) -> Vec<Thing> {
    let create = Sql {
        sqlite: "CREATE TABLE things (id BLOB PRIMARY KEY, colour TEXT NOT NULL,
                     \"order\" INTEGER, tags TEXT NOT NULL, at TEXT NOT NULL)",
        postgres: "CREATE TABLE things (id UUID PRIMARY KEY, colour TEXT NOT NULL,
                       \"order\" BIGINT, tags JSONB NOT NULL, at TIMESTAMPTZ NOT NULL)",
    };
    db.query(create).execute().await.unwrap();
    let all: Vec<Thing> = (0..count).map(thing).collect();
    let mut tx = db.begin().await.unwrap();
    tx.insert_all(&all).await.unwrap();
    tx.commit().await.unwrap();
    all
}

#[databases]
async fn a_row_is_inserted_read_and_updated_by_its_columns(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    let all = things(db, 100).await;
    let read = db.query(sql!("SELECT {Thing.*} FROM things ORDER BY id"));
    assert_eq!(read.all::<Thing>().await.unwrap(), all, "{}", platform.kind);

    let changed = Thing { place: None, colour: Colour::Red, ..all[3].clone() };
    assert_eq!(db.update(&changed).execute().await.unwrap(), 1);
    let (none, one) = (db.update_if(&changed, "\"order\"", 3_i64), Thing { ..all[4].clone() });
    assert_eq!(none.execute().await.unwrap(), 0, "it is empty by now");
    assert_eq!(db.update_if(&one, "\"order\"", 4_i64).execute().await.unwrap(), 1);
    let id = changed.id;
    let read = db.query(sql!("SELECT t.{Thing.*} FROM things t WHERE t.id = {id}"));
    assert_eq!(read.one::<Thing>().await.unwrap(), changed);

    let new = New { id: Uuid::from_u128(500), colour: Colour::DarkBlue, more: &all[0].more };
    assert_eq!(db.insert(&new).execute().await.unwrap(), 1);
    assert!(matches!(db.insert(&new).execute().await, Err(Error::Duplicate(_))));
}

#[databases]
async fn values_are_bound_by_what_they_are(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    let all = things(db, 20).await;
    for count in [0, 1, 2, 3, 5, 8, 20] {
        let (ids, colour) = (all[..count].iter().map(|it| it.id), Colour::Red);
        let ids: Vec<Uuid> = ids.collect();
        let none: [i64; 0] = [];
        let found = db.query(sql!(
            "SELECT {Thing.*} FROM things
             WHERE id IN ({ids..}) AND colour = {colour} AND tags IS NOT NULL
               AND (\"order\" < {count as i64} OR \"order\" IN ({none..}) OR colour <> {colour})
             ORDER BY id"
        ));
        let expected: Vec<_> = all[..count].iter().filter(|it| it.colour == colour).collect();
        let found: Vec<Thing> = found.all().await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{count} {}", platform.kind);
    }
    let text = db.query(sql!(
        sqlite: "SELECT json_extract('{{\"a\": 1}}', '$.a') + {2_i64}",
        postgres: "SELECT CAST(CAST('{{\"a\": 1}}' AS JSONB)->>'a' AS BIGINT) + {2_i64}",
    ));
    assert_eq!(text.one::<(i64,)>().await.unwrap(), (3,));
}

#[databases]
async fn a_list_is_filtered_sorted_and_counted(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    let all = things(db, 20).await;
    let mut list = Select::from("things t");
    list.equal("t.colour", Some(Colour::Red)).equal::<i64>("t.\"order\"", None);
    list.compare("t.id", ">", Some(all[4].id));
    assert_eq!(list.count(db).await.unwrap(), 7, "{}", platform.kind);
    list.order("t.id DESC").limit(3).skip(1);
    let page: Vec<Thing> = list.records::<Thing>(db, "t.").all().await.unwrap();
    let expected = [16, 14, 12].map(|it| all[it].clone());
    assert_eq!(page, expected);
}

#[databases]
async fn what_is_not_bound_or_not_understood_is_an_error(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    things(db, 1).await;
    let unbound = db.query("SELECT 1 FROM things WHERE colour = $1").execute().await;
    assert!(unbound.is_err(), "{}", platform.kind);
    db.query("UPDATE things SET colour = 'green'").execute().await.unwrap();
    let read = db.query(sql!("SELECT {Thing.*} FROM things")).one::<Thing>().await;
    let Err(Error::Driver(cause)) = read else { panic!("{read:?}") };
    assert!(cause.to_string().contains("colour"), "{cause}");
    let none = db.query("SELECT 1 FROM things WHERE colour = 'red'").one::<(i64,)>().await;
    assert!(matches!(none, Err(Error::NoRow)), "{none:?}");
}

#[databases]
async fn a_batch_writes_all_or_tells_what_has_touched_nothing(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    let all = things(db, 10).await;
    let (new, colour) = ((20..25).map(thing).collect::<Vec<_>>(), Colour::DarkBlue);
    let moved = Thing { place: Some(70), ..all[7].clone() };
    let write = async |seen: i64| {
        let mut tx = db.begin().await.unwrap();
        let mut batch = tx.batch();
        batch.must(|tx| tx.update_if(&moved, "\"order\"", seen));
        batch.add(|tx| {
            let id = all[0].id;
            tx.query(sql!("UPDATE things SET colour = {colour} WHERE id = {id}"))
        });
        // It is there, and stays as it is.
        batch.add(|tx| tx.insert_new(&Thing { place: None, ..all[3].clone() }));
        batch.insert_all(&new);
        let done = batch.execute().await.unwrap();
        if done {
            tx.commit().await.unwrap()
        } else {
            tx.rollback().await.unwrap()
        }
        done
    };
    assert!(!write(8).await, "{}", platform.kind);
    let read = async || {
        let read = db.query(sql!("SELECT {Thing.*} FROM things ORDER BY id"));
        read.all::<Thing>().await.unwrap()
    };
    assert_eq!(read().await, all);
    assert!(write(7).await, "{}", platform.kind);
    let mut expected = [all.clone(), new.clone()].concat();
    expected[0].colour = colour;
    expected[7] = moved.clone();
    assert_eq!(read().await, expected, "{}", platform.kind);
    // A key that is taken undoes all of it.
    let mut tx = db.begin().await.unwrap();
    let mut batch = tx.batch();
    batch.add(|tx| tx.query("UPDATE things SET colour = 'red'")).insert_all(&new[..2]);
    assert!(matches!(batch.execute().await, Err(Error::Duplicate(_))), "{}", platform.kind);
    tx.rollback().await.unwrap();
    assert_eq!(read().await, expected);
    let mut tx = db.begin().await.unwrap();
    assert!(tx.batch().execute().await.unwrap(), "nothing is to be done");
}
