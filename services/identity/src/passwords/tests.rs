use super::*;

/// Made by Python's bcrypt 5.0 and by Django 5.2.
const BCRYPT: &str = "$2b$10$.dL/y2/H3DRKLWqsEECQ2.Oww2B32oKCEqPcsDhjDSGCJ7SWw96oG";
const BCRYPT_2A: &str = "$2a$10$98z6iXUCUlZQYWyRAaQ4x.I.XW8w1Tw1WbvYGUOVJFEn31Se8LvsC";
const DJANGO: &str = "pbkdf2_sha256$1000000$q8Zr2VtP0xNcYd51mKbLwE\
                      $X+k1rAADsG/aUmdjWSv5Pgph6tUEuoTQzQtjuR2nTl8=";

fn password(text: &str) -> Password {
    Password(text.into())
}

#[tokio::test]
async fn a_password_fits_its_own_hash_only() {
    let hasher = Hasher::new(0, 10);
    let hash = hasher.hash(&password("violet-harbour-7")).await.unwrap();
    assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", *hash.0);
    for (text, verdict) in
        [("violet-harbour-7", Verdict::Right), ("violet-harbour-8", Verdict::Wrong)]
    {
        assert_eq!(hasher.verify(&password(text), Some(&hash)).await.unwrap(), verdict);
    }
    let again = hasher.hash(&password("violet-harbour-7")).await.unwrap();
    assert_ne!(hash, again, "the salt is random");
}

#[tokio::test]
async fn hashes_of_other_shops_are_understood() {
    let hasher = Hasher::new(0, 10);
    let php = BCRYPT.replacen("$2b$", "$2y$", 1);
    for (text, hash) in [
        ("violet-harbour-7", BCRYPT),
        ("violet-harbour-7", php.as_str()),
        ("grüne Wiese 42", BCRYPT_2A),
        ("violet-harbour-7", DJANGO),
    ] {
        let hash = PasswordHash(hash.into());
        assert_eq!(hasher.verify(&password(text), Some(&hash)).await.unwrap(), Verdict::Outdated);
        let wrong = hasher.verify(&password("violet-harbour-8"), Some(&hash)).await.unwrap();
        assert_eq!(wrong, Verdict::Wrong);
    }
}

#[tokio::test]
async fn a_broken_hash_fits_nothing() {
    let hasher = Hasher::new(0, 10);
    for hash in [
        "",
        "plain",
        "$argon2id$",
        "$2b$10$short",
        "pbkdf2_sha256$0$salt$AAAA",
        "pbkdf2_sha256$99999999999$salt$AAAA",
        "pbkdf2_sha256$1$salt$",
    ] {
        let hash = PasswordHash(hash.into());
        for text in ["", "plain", "password"] {
            let verdict = hasher.verify(&password(text), Some(&hash)).await.unwrap();
            assert_eq!(verdict, Verdict::Wrong, "{}", *hash.0);
        }
    }
}

#[test]
fn nobody_is_a_hash_like_any_other() {
    let parsed = phc::PasswordHash::new(NOBODY).unwrap();
    assert_eq!(parsed.params.get_decimal("m"), Some(19_456));
    assert_eq!(parsed.hash.unwrap().len(), 32);
}

#[tokio::test]
async fn nobodys_password_is_never_right() {
    let verdict = Hasher::new(0, 1).verify(&password("violet-harbour-7"), None).await.unwrap();
    assert_eq!(verdict, Verdict::Wrong);
}

#[tokio::test]
async fn only_so_many_wait() {
    let hasher = Hasher::new(1, 2);
    let held = hasher.places.clone().try_acquire_many_owned(3).unwrap();
    assert_eq!(hasher.hash(&password("x")).await.unwrap_err().code, "busy");
    drop(held);
    hasher.hash(&password("x")).await.unwrap();
}

#[test]
fn common_passwords_are_listed_in_order() {
    let lines: Vec<&str> = include_str!("../common_passwords.txt").lines().collect();
    assert!(lines.is_sorted());
    for line in lines {
        assert!(line.len() >= *LENGTH.start() && line == line.to_lowercase(), "{line}");
    }
}

#[test]
fn a_new_password_has_rules() {
    let mail = "long.address@example.com";
    for (text, fine) in [
        ("violet-harbour-7", true),
        ("ЖЖЖЖЖЖЖЖ", true),
        (" leading and trailing ", true),
        ("short", false),
        ("password", false),
        ("PassWord123", false),
        ("Long.Address@example.com", false),
        ("long.name", false),
    ] {
        let checked = password(text).check("password", mail, Some("long.name"));
        assert_eq!(checked.is_ok(), fine, "{text}");
        if let Err(problem) = checked {
            assert_eq!(problem.errors[0].field, "password");
        }
    }
    assert!(password(&"x".repeat(128)).check("password", mail, None).is_ok());
    assert!(password(&"x".repeat(129)).check("password", mail, None).is_err());
}

#[test]
fn nothing_shows_in_debug_output() {
    let shown = format!("{:?} {:?}", password("secret"), PasswordHash("hash".into()));
    assert_eq!(shown, "Password(***) PasswordHash(***)");
}
