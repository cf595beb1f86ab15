//! Words of other scripts, compounds, and what is written together or apart.

use super::*;

/// Whether each text finds exactly these of the titles, not in part.
fn check(titles: &[&str], cases: &[(&str, &[usize])]) {
    let documents: Vec<Document> = titles.iter().map(|it| document(it)).collect();
    let (live, _dir) = index(&documents);
    for (text, expected) in cases {
        let hits = live.find(&request(text)).unwrap();
        let mut found = found(&live, &documents, &request(text));
        found.sort_unstable();
        assert_eq!(found, *expected, "{text}");
        assert!(!hits.partial, "{text}");
    }
}

#[test]
fn scripts_without_spaces_are_found_by_any_piece() {
    let titles = [
        "日東電工株式会社製の超強力両面テープ防水仕様屋外用",
        "防水登山背包大容量多功能戶外旅行雙肩包男女通用款",
        "ノートパソコンケース",
        "น้ำปลาแท้ตราหมึก",
        "방수 등산배낭",
        "折りたたみ傘",
    ];
    check(
        &titles,
        &[
            (titles[0], &[0]),
            (titles[1], &[1]),
            ("日東", &[0]),
            ("テープ", &[0]),
            ("防水", &[0, 1]),
            ("背包", &[1]),
            ("登山背包", &[1]),
            ("防水 背包", &[1]),
            ("防水背包", &[1]),
            ("パソコン", &[2]),
            ("ﾊﾟｿｺﾝ", &[2]),
            ("น้ำปลา", &[3]),
            ("ปลา", &[3]),
            ("배낭", &[4]),
            ("傘", &[5]),
            ("自転車", &[]),
            ("โทรทัศน์", &[]),
        ],
    );
}

#[test]
fn compounds_are_found_by_their_last_word() {
    check(
        &["Herrenlaufschuhe", "Winterjacke", "3.5mm jack", "Kinderfahrrad", "Gartenschläuche"],
        &[
            ("schuhe", &[0]),
            ("laufschuhe", &[0]),
            ("herren schuhe", &[0]),
            ("lauf schuhe", &[0]),
            ("jacke", &[1, 2]),
            ("winter jacke", &[1]),
            ("jack", &[2]),
            ("fahrrad", &[3]),
            ("schlaeuche", &[4]),
        ],
    );
}

#[test]
fn a_frequent_word_is_the_last_one_of_true_compounds_only() {
    let mut titles = vec!["Oak table"; 25];
    titles.extend(["Adjustable lamp", "Coffeetable", "Coffee mug"]);
    let documents: Vec<Document> = titles.iter().map(|it| document(it)).collect();
    let (live, _dir) = index(&documents);
    let mut found = found(&live, &documents, &Request { limit: 50, ..request("table") });
    found.sort_unstable();
    let expected: Vec<usize> = (0..25).chain([26]).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_written_together_is_found_apart_and_the_other_way_round() {
    check(
        &[
            "WD-40 spray",
            "R2-D2 toy",
            "Apple iPhone 15 Pro",
            "Nike Air Max 90",
            "3.5mm jack plug",
            "Cotton T-Shirt",
            "Striped Tshirt",
            "Power bank",
            "Bague d'or",
            "Jet d’eau",
            "Levi's 501",
        ],
        &[
            ("wd40", &[0]),
            ("wd 40", &[0]),
            ("WD-40", &[0]),
            ("r2d2", &[1]),
            ("r2-d2", &[1]),
            ("iphone15pro", &[2]),
            ("iphone15", &[2]),
            ("air max90", &[3]),
            ("airmax", &[3]),
            ("airmax 90", &[3]),
            ("3.5 mm", &[4]),
            ("3,5mm", &[4]),
            ("t-shirt", &[5, 6]),
            ("tshirt", &[5, 6]),
            ("t shirt", &[5, 6]),
            ("powerbank", &[7]),
            ("bague or", &[8]),
            ("bague d'or", &[8]),
            ("jet eau", &[9]),
            ("jet d'eau", &[9]),
            ("l'eau", &[9]),
            ("levis", &[10]),
            ("levi", &[10]),
        ],
    );
}

#[test]
fn signs_tell_names_apart() {
    let titles = ["The C++ book", "C# in a nutshell", "Vitamin C drops"];
    check(&titles, &[("c++", &[0]), ("C#", &[1]), ("c", &[0, 1, 2])]);
}

#[test]
fn accents_and_case_of_every_script_do_not_count() {
    check(
        &["Müller Größe", "Crème brûlée", "Καφές", "Мягкий ёжик", "İpek şal", "Áo dài", "Łódź"],
        &[
            ("mueller", &[0]),
            ("muller", &[0]),
            ("MÜLLER", &[0]),
            ("groesse", &[0]),
            ("grosse", &[0]),
            ("creme brulee", &[1]),
            ("cre\u{300}me", &[1]),
            ("ΚΑΦΕΣ", &[2]),
            ("καφες", &[2]),
            ("ЕЖИК", &[3]),
            ("ipek", &[4]),
            ("ao dai", &[5]),
            ("lodz", &[6]),
        ],
    );
}

#[test]
fn an_umlaut_is_found_as_it_is_spelled_elsewhere() {
    check(&["Mueller", "Moebel"], &[("müller", &[0]), ("möbel", &[1])]);
}

#[test]
fn a_word_of_more_than_64_bytes_is_found() {
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    check(&[long, "ж"], &[(long, &[0]), ("donaudampf", &[0])]);
}

#[test]
fn some_of_the_words_are_better_than_nothing_and_said_to_be() {
    let mut titles = vec!["Red wool coat", "Blue coat", "Red scarf"];
    titles.extend(["Shoes for women", "Hat for women", "Gloves for women", "Belt for women"]);
    let documents: Vec<Document> = titles.iter().map(|it| document(it)).collect();
    let (live, _dir) = index(&documents);
    for (text, best) in [
        ("the red coat", 0),
        ("red coat for women", 0),
        ("red coat of excellent quality", 0),
        ("blorgwibble coat", 1),
        ("blue blorgwibble", 1),
    ] {
        let hits = live.find(&request(text)).unwrap();
        assert!(hits.partial, "{text}");
        assert!(found(&live, &documents, &request(text)).contains(&best), "{text}");
    }
    assert_eq!(found(&live, &documents, &request("the red coat")), [0]);
    assert_eq!(found(&live, &documents, &request("red coat for women"))[0], 0);
    for text in ["blorgwibble", "zzz yyy xxx", "qqqqq wwwww eeeee coat", "%&/"] {
        let hits = live.find(&request(text)).unwrap();
        assert_eq!((hits.total, hits.partial), (0, false), "{text}");
    }
    // All words are there, so nothing else is.
    let hits = live.find(&request("red coat")).unwrap();
    assert_eq!((hits.total, hits.partial), (1, false));
}

#[test]
fn words_that_every_text_has_need_not_be_in_a_product() {
    let said = |title: &str| Document {
        description: "<p>The best for all with this and the rest.</p>".to_owned(),
        ..document(title)
    };
    let mut documents: Vec<Document> = (0..30).map(|_| said("Lamp")).collect();
    documents.push(document("Red wool coat"));
    let (live, _dir) = index(&documents);
    for text in ["the red coat", "coat for the red"] {
        let hits = live.find(&request(text)).unwrap();
        assert_eq!((hits.total, hits.partial), (1, false), "{text}");
    }
    assert_eq!(live.find(&request("the")).unwrap().total, 30);
}

#[test]
fn partial_finds_keep_the_conditions() {
    let documents =
        [document("Red wool coat"), Document { status: Status::Draft, ..document("Red coat") }];
    let (live, _dir) = index(&documents);
    let asked = Request { sort: Sort::Newest, ..request("the red coat") };
    assert_eq!(found(&live, &documents, &asked), [0]);
    let filter = Filter { status: Status::Draft, ..Filter::default() };
    assert_eq!(found(&live, &documents, &Request { filter, ..asked }), [1]);
    let hits = live.find(&Request { facets: true, ..request("the red coat") }).unwrap();
    assert!(hits.partial && hits.facets.is_some());
}
