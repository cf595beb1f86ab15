//! The objects have the fields of Stripe's own.

use std::path::Path;

use serde_json::Value;
use stripe_double::{Kind, template};

/// Where the fixtures are that Stripe publishes, if they are there.
const FIXTURES: &str = "../../../../../shared/specs/stripe_fixtures3.json";

#[test]
fn objects_have_the_fields_and_types_of_stripes_fixtures() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES);
    let Ok(text) = std::fs::read_to_string(&path) else {
        let required = std::env::var("REQUIRE_SHARED").is_ok_and(|it| it == "1");
        assert!(!required, "{} is not there", path.display());
        eprintln!("skipped: objects_have_the_fields_and_types_of_stripes_fixtures");
        return;
    };
    let fixtures: Value = serde_json::from_str(&text).expect("JSON");
    let mut compared = 0;
    for kind in Kind::ALL {
        let fixture = &fixtures["resources"][kind.name()];
        let Some(fields) = fixture.as_object() else { continue };
        compared += 1;
        let template = template(kind.name());
        let names = |it: &Value| it.as_object().expect("an object").keys().cloned().collect();
        let (ours, theirs): (Vec<String>, Vec<String>) = (names(&template), names(fixture));
        assert_eq!(ours, theirs, "{}", kind.name());
        for (name, theirs) in fields {
            let ours = &template[name];
            let same = std::mem::discriminant(ours) == std::mem::discriminant(theirs);
            assert!(same || ours.is_null() || theirs.is_null(), "{}.{name}", kind.name());
        }
    }
    assert_eq!(compared, 9);
}
