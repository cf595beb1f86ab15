use chassis::testing::{User as Caller, noon};

use super::*;

fn user(roles: &[Role], permissions: Option<&[Permission]>) -> User {
    User {
        id: chassis::id::new(),
        email: "ada@example.com".to_owned(),
        email_verified_at: Some(noon()),
        username: None,
        name: "Ada".to_owned(),
        phone: None,
        language: None,
        roles: Json(roles.iter().copied().collect()),
        permissions: permissions.map(|it| Json(it.iter().cloned().collect())),
        active: true,
        token_version: 1,
        token_version_at: None,
        version: 1,
        created_at: noon(),
        updated_at: noon(),
        last_login_at: None,
    }
}

fn principal(permissions: &[&str], role: Role) -> Principal {
    let mut claims = Caller::with(permissions).claims;
    claims.roles = BTreeSet::from([role.as_str().to_owned()]);
    Principal(claims.into())
}

/// Two for staff, one for admins.
fn declared() -> Permissions {
    use chassis::definition::Permission;
    let all = [
        Permission::staff("orders:read"),
        Permission::staff("catalog:write"),
        Permission::admin("users:write"),
    ];
    Permissions::new(all.into())
}

fn named(names: &[&str]) -> BTreeSet<Permission> {
    names.iter().map(|&it| it.into()).collect()
}

#[test]
fn a_role_is_spelled_as_in_the_api() {
    for role in [Role::Customer, Role::Staff, Role::Admin] {
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
}

#[test]
fn roles_decide_what_a_user_may_do() {
    let all = declared();
    let few = ["orders:read".into()];
    assert_eq!(user(&[Role::Customer], None).may(&all), BTreeSet::new());
    assert_eq!(user(&[Role::Customer], Some(&few)).may(&all), BTreeSet::new());
    assert_eq!(user(&[Role::Staff], Some(&few)).may(&all), few.clone().into());
    let everything = named(&["orders:read", "catalog:write", "users:write"]);
    assert_eq!(user(&[Role::Admin], Some(&few)).may(&all), everything);
    let staff = user(&[Role::Customer, Role::Staff], None).may(&all);
    assert_eq!(staff, named(&["orders:read", "catalog:write"]));
}

#[test]
fn a_permission_that_no_service_declares_is_refused_by_name() {
    declared().check(named(&["orders:read", "users:write"]).iter()).unwrap();
    let problem = declared().check(named(&["orders:read", "orders:raed"]).iter()).unwrap_err();
    let text = serde_json::to_string(&problem).unwrap();
    assert!(text.contains("orders:raed") && text.contains("catalog:write"), "{text}");
}

#[test]
fn only_changed_rights_void_tokens() {
    let mut ada = user(&[Role::Customer], None);
    let name = Changes { name: Some("Ada L.".to_owned()), ..Changes::default() };
    assert_eq!(ada.apply(&name, noon()), ["name"]);
    assert_eq!((ada.token_version, ada.version), (1, 2));
    assert!(ada.apply(&name, noon()).is_empty());
    assert_eq!(ada.version, 2);

    let staff = Changes { roles: Some([Role::Staff].into()), ..Changes::default() };
    assert_eq!(ada.apply(&staff, noon()), ["roles"]);
    assert_eq!((ada.token_version, ada.token_version_at), (2, Some(noon())));

    let away = Changes { active: Some(false), ..Changes::default() };
    ada.apply(&away, noon());
    assert_eq!(ada.token_version, 3);
}

#[test]
fn another_address_is_not_verified() {
    let mut ada = user(&[Role::Customer], None);
    ada.apply(&Changes { email: Some("a@example.com".to_owned()), ..Changes::default() }, noon());
    assert_eq!(ada.email_verified_at, None);
}

#[test]
fn nobody_covers_who_may_do_more() {
    let clerk = principal(&["users:write", "orders:read"], Role::Staff);
    let names = ["orders:read", "catalog:write", "users:write"];
    let (admin, all) = (principal(&names, Role::Admin), principal(&names, Role::Staff));
    let declared = declared();
    for (target, by_clerk, by_all, by_admin) in [
        (user(&[Role::Customer], None), true, true, true),
        (user(&[Role::Staff], Some(&["orders:read".into()])), true, true, true),
        (user(&[Role::Staff], None), false, true, true),
        (user(&[Role::Admin], None), false, false, true),
    ] {
        assert_eq!(Actor::User(&clerk, &declared).covers(&target), by_clerk, "{target:?}");
        assert_eq!(Actor::User(&all, &declared).covers(&target), by_all, "{target:?}");
        assert_eq!(Actor::User(&admin, &declared).covers(&target), by_admin, "{target:?}");
        assert!(Actor::Shop.covers(&target));
    }
}

#[test]
fn fields_have_rules() {
    for (text, fine) in [
        (" Ada@Example.COM ", true),
        ("a@b", false),
        ("ada", false),
        ("ada@", false),
        ("ada@exa mple.com", false),
        ("", false),
    ] {
        assert_eq!(is_email(text, &()).is_ok(), fine, "{text}");
    }
    assert!(is_email(&format!("a@{}.com", "x.".repeat(130)), &()).is_err());
    for (text, fine) in
        [("Ada.L_-9", true), ("ab", false), ("a b c", false), ("ada@home", false), ("ädä", false)]
    {
        assert_eq!(is_username(text, &()).is_ok(), fine, "{text}");
    }
    for (text, fine) in [
        ("Ada", true),
        (" ", false),
        ("a\nb", false),
        ("\u{7f}", false),
        ("\u{200b}", false),
        ("www.x.y", false),
    ] {
        assert_eq!(is_name(text, &()).is_ok(), fine, "{text:?}");
    }
    assert!(is_name(&"x".repeat(201), &()).is_err());
    for (text, fine) in [("+44 20 7946 0000", true), ("12", false), ("call me", false)] {
        assert_eq!(is_phone(text, &()).is_ok(), fine, "{text}");
    }
    assert_eq!(email(" Ada@Example.COM "), "ada@example.com");
}
