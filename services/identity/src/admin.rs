//! What the command line does to accounts, on the database itself, beside a running shop or
//! before there is one.

use std::collections::BTreeSet;

use chassis::Secret;
use chassis::clock::Clock;
use chassis::db::Db;
use chassis::problem::{Problem, Result};
use garde::Validate;
use rand::seq::IndexedRandom;
use uuid::Uuid;

use crate::accounts::{self, NewUser};
use crate::model::{Actor, Role, User, email, is_email, is_name, is_username, username};
use crate::passwords::{Hasher, Password, is_new_password};
use crate::store;

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub email: String,
    pub password: Secret,
    pub name: String,
    pub username: Option<String>,
    /// `customer`, `staff`, `admin`.
    pub roles: Vec<String>,
}

/// An account that was made.
#[derive(Clone, Debug)]
pub struct CreatedUser {
    pub id: Uuid,
    pub email: String,
}

/// Letters and digits nobody takes for another.
const READABLE: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// Makes an account by the same rules as the API, and publishes it.
pub async fn create_user(db: &Db, clock: Clock, new: NewAccount) -> Result<CreatedUser> {
    let new = checked(new)?;
    accounts::check_free(db, &new.email, new.username.as_deref(), clock.now()).await?;
    let new = hashed(new).await?;
    let mut tx = db.begin().await?;
    store::lock_admins(&mut tx).await?;
    let user = accounts::create(&mut tx, new, Actor::Shop, clock.now()).await?;
    tx.commit().await?;
    Ok(user.into())
}

/// Whether there is an administrator.
pub async fn has_admin(db: &Db) -> Result<bool> {
    Ok(store::count_admins(db).await? > 0)
}

/// Makes an administrator if there is none, and returns whether it did.
pub async fn ensure_admin(db: &Db, clock: Clock, email: &str, password: &str) -> Result<bool> {
    if has_admin(db).await? {
        return Ok(false);
    }
    let new = checked(NewAccount {
        email: email.to_owned(),
        password: password.into(),
        name: "Administrator".to_owned(),
        username: None,
        roles: vec![Role::Admin.as_str().to_owned()],
    })?;
    let new = hashed(new).await?;
    let mut tx = db.begin().await?;
    store::lock_admins(&mut tx).await?;
    if store::count_admins(&mut tx).await? > 0 {
        return Ok(false);
    }
    accounts::create(&mut tx, new, Actor::Shop, clock.now()).await?;
    tx.commit().await?;
    Ok(true)
}

/// An account whose fields are fine.
#[derive(Validate)]
struct Checked {
    #[garde(custom(is_email))]
    email: String,
    #[garde(custom(is_new_password))]
    password: Password,
    #[garde(custom(is_name))]
    name: String,
    #[garde(inner(custom(is_username)))]
    username: Option<String>,
    #[garde(length(min = 1))]
    roles: BTreeSet<Role>,
}

fn checked(new: NewAccount) -> Result<Checked> {
    let role = |name: &String| {
        name.parse::<Role>().map_err(|error| Problem::field("roles", error.to_string()))
    };
    let new = Checked {
        roles: new.roles.iter().map(role).collect::<Result<_>>()?,
        email: email(&new.email),
        password: String::from(new.password).into(),
        name: new.name.trim().to_owned(),
        username: new.username.as_deref().map(username),
    };
    chassis::extract::validate(&new)?;
    new.password.check("password", &new.email, new.username.as_deref())?;
    Ok(new)
}

async fn hashed(new: Checked) -> Result<NewUser> {
    let password = Hasher::new(1, 0).hash(&new.password).await?;
    Ok(NewUser {
        email: new.email,
        username: new.username,
        name: new.name,
        phone: None,
        language: None,
        roles: new.roles,
        permissions: None,
        active: true,
        password,
    })
}

/// A random password. Four groups of five: 99 bits, and can be read out.
pub fn random_password() -> String {
    let mut rng = rand::rng();
    let group = |_| -> String {
        (0..5).filter_map(|_| READABLE.choose(&mut rng)).map(|it| char::from(*it)).collect()
    };
    let groups: Vec<String> = (0..4).map(group).collect();
    groups.join("-")
}

impl From<User> for CreatedUser {
    fn from(user: User) -> Self {
        Self { id: user.id, email: user.email }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_password_is_good_enough() {
        let (one, other) = (random_password(), random_password());
        assert_ne!(one, other);
        assert_eq!(one.len(), 23);
        Password::from(one).check("password", "admin@example.com", None).unwrap();
    }
}
