//! A whole catalog as one file.

use std::io::{Cursor, Read, Write};

use super::*;
use crate::books::StockTx;
use crate::categories::{NewCategory, create};
use chassis::testing::{Database, databases};
use image::{DynamicImage, ImageFormat, RgbImage};
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// The files of an archive, without the name of the export.
fn files(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    let files = (0..zip.len()).map(|at| {
        let mut file = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    });
    let mut files: Vec<(String, Vec<u8>)> = files.collect();
    for (name, bytes) in &mut files {
        if name == "products.csv" {
            *bytes = nameless(std::str::from_utf8(bytes).unwrap()).into_bytes();
        }
    }
    files
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn picture(format: ImageFormat, colour: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let pixels = RgbImage::from_fn(500, 400, |x, y| image::Rgb([colour, x as u8, y as u8]));
    DynamicImage::ImageRgb8(pixels).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn category(platform: &TestPlatform, new: NewCategory) -> Uuid {
    let mut tx = platform.db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    let made = create(&mut books, new).await.unwrap();
    tx.commit().await.unwrap();
    made.id
}

#[databases]
async fn a_whole_catalog_survives_the_way_into_an_empty_shop(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let gifts = NewCategory {
        slug: Some("presents".to_owned()),
        name: "=Gifts > all".to_owned(),
        description: "<p>For \"you\"</p>".to_owned(),
        position: 7,
        ..NewCategory::default()
    };
    let gifts = category(&platform, gifts).await;
    let below =
        NewCategory { parent_id: Some(gifts), name: "Mugs".to_owned(), ..NewCategory::default() };
    let mugs = category(&platform, below).await;
    category(&platform, NewCategory { name: "Empty".to_owned(), ..NewCategory::default() }).await;
    let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
    for (id, format) in ids.iter().zip([ImageFormat::Jpeg, ImageFormat::Png]) {
        let bytes = picture(format, id.as_u128() as u8).into();
        crate::pictures::restore(&platform.db, *id, bytes, noon()).await.unwrap();
    }
    let [front, back] = ids.map(crate::pictures::url);
    let file = format!(
        "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Cost per item,Image Src,\
         Image Alt Text,Variant Image,Variant Inventory Tracker,Variant Inventory Qty\n\
         mug,Mug,Size,S,MUG-S,5,2.50,{front},Front,{back},shopify,3\n\
         mug,,,L,MUG-L,6,,{back},,,shopify,4\n"
    );
    assert_eq!(counts(&run(&platform, &file).await), [1, 0, 0, 0]);
    let mut tx = platform.db.begin().await.unwrap();
    let mut mug = store::products::find_in(&mut tx, "mug").await.unwrap().unwrap();
    mug.category_ids = vec![gifts, mugs];
    store::products::put_in_categories(&mut tx, &mug).await.unwrap();
    let old = store::products::find_in(&mut tx, "mug").await.unwrap().unwrap();
    // The order of values is not that of the variants.
    let mut new = crate::model::NewProduct::from(&old);
    new.options[0].values.reverse();
    new.product_type = "Ceramics".to_owned();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    crate::products::replace(&mut books, &old, new).await.unwrap();
    tx.commit().await.unwrap();

    let exported = export_as(&platform, Format::Zip).await;
    let empty = database.platform(crate::MIGRATIONS).await;
    let before = look(&empty, &exported).await.report;
    let report = run(&empty, &exported).await;
    assert_eq!(before, report, "{platform:?}");
    assert_eq!(
        (counts(&report), lines(&report)),
        ([1, 0, 0, 0], Vec::<String>::new()),
        "{platform:?}"
    );
    let second = export_as(&empty, Format::Zip).await;
    let names: Vec<String> = files(&second).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for ((name, first), (_, second)) in files(&exported).iter().zip(&files(&second)) {
        assert!(first == second, "{name} differs, {platform:?}");
    }
    let it = product(&empty, "mug").await;
    assert_eq!(it.options[0].values, ["L", "S"]);
    assert_eq!(
        (it.variants[0].cost, it.variants[0].image.as_deref()),
        (Some(250), Some(back.as_str()))
    );
    assert_eq!(it.product_type, "Ceramics");
    let tree = store::categories::tree(&empty.db).await.unwrap();
    let gifts = tree.find("presents").unwrap();
    assert_eq!((gifts.name.as_str(), gifts.position), ("=Gifts > all", 7));
    assert_eq!(it.category_ids.len(), 2);
    // Once more changes nothing.
    let events_before = events(&empty.db).await;
    assert_eq!(counts(&run(&empty, &exported).await), [0, 0, 1, 0]);
    assert_eq!(events(&empty.db).await, events_before, "{platform:?}");
}

#[databases]
async fn an_archive_may_not_be_more_than_it_says(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let table = &b"Handle,Title,Variant Price,Image Src\na,A,1,\n"[..];
    let zeros = vec![0_u8; crate::pictures::MAX_BYTES + 1];
    let id = Uuid::from_u128(9);
    let media = format!("media/{id}.png");
    let report =
        run(&platform, archive(&[("products.csv", table), (media.as_str(), zeros.as_slice())]))
            .await;
    assert_eq!((counts(&report), report.warnings), ([1, 0, 0, 0], 1), "{:?}", lines(&report));
    assert!(lines(&report)[0].contains("larger than it may be"), "{:?}", lines(&report));
    let report =
        run(&platform, archive(&[("products.csv", table), (media.as_str(), &b"<svg/>"[..])])).await;
    assert_eq!((counts(&report), report.warnings), ([0, 0, 1, 0], 1), "{:?}", lines(&report));
    assert!(store::pictures::known(&platform.db, &[id]).await.unwrap().is_empty());
    for (bytes, message) in [
        (archive(&[("notes.txt", &b"x"[..])]), "no products.csv"),
        (archive(&[("xl/workbook.xml", &b"x"[..])]), "spreadsheet"),
    ] {
        let (db, currency) = (&platform.db, &platform.currency);
        let error = import(db, platform.clock, currency, Options::default(), bytes, |_| {}).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    // The number of files is known before they are listed.
    let mut many = archive(&[("products.csv", table)]);
    let end = many.windows(4).rposition(|it| it == b"PK\x05\x06").unwrap();
    many[end + 10..end + 12].copy_from_slice(&60_000_u16.to_le_bytes());
    let error =
        import(&platform.db, platform.clock, &platform.currency, Options::default(), many, |_| {});
    assert!(error.await.unwrap_err().to_string().contains("60000 files"), "{platform:?}");
}

#[databases]
async fn wrong_categories_are_named_and_cost_nothing_else(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let table = &b"Handle,Title,Variant Price,Type\na,A,1,Lamps\n"[..];
    let categories = "Slug,Name,Parent,Position,Description\nlight,Lamps,,3,Text\n,Nameless,,0,\n\
                      x,X,missing,0,\nreorder,R,,0,\ny,Y,,many,\nlight-2,Desk,light,1,\n";
    let bytes = archive(&[("products.csv", table), ("categories.csv", categories.as_bytes())]);
    let report = run(&platform, bytes).await;
    assert_eq!(counts(&report), [1, 0, 0, 0], "{:?}", lines(&report));
    let at: Vec<u64> = report.problems.iter().map(|it| it.line).collect();
    assert_eq!(at, [3, 4, 5, 6], "{:?}", lines(&report));
    let tree = store::categories::tree(&platform.db).await.unwrap();
    let slugs: Vec<&str> = tree.all().iter().map(|it| it.slug.as_str()).collect();
    assert_eq!(slugs, ["light", "light-2"], "{platform:?}");
    let lamp = tree.find("light").unwrap().id;
    assert_eq!(product(&platform, "a").await.category_ids, [lamp]);
}
