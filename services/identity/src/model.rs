//! Users, what they may do, and the rules of their fields. No HTTP, no SQL, no clock.

mod fields;

pub use fields::{email, is_email, is_name, is_phone, is_username, phone, username};

use std::collections::BTreeSet;
use std::sync::Arc;

use chassis::auth::Principal;
use chassis::db::{Json, Word};
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use contracts::language::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::passwords::PasswordHash;

/// How many addresses a user may keep.
pub const MAX_ADDRESSES: i64 = 50;
/// How many sessions a user may have at once; a login beyond it ends the oldest.
pub const MAX_SESSIONS: i64 = 100;

/// A role of a user.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema, Word,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Customer,
    Staff,
    Admin,
}

/// A permission, such as `orders:read`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Permission(String);

/// All a user can be allowed to do.
#[derive(Clone, Debug)]
pub struct Permissions(Arc<[chassis::definition::Permission]>);

/// A user who has not been deleted.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
#[record(table = "users", key("id"))]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub username: Option<String>,
    pub name: String,
    pub phone: Option<String>,
    /// What mails to the user are written in; none for the shop's language.
    pub language: Option<Language>,
    pub roles: Json<BTreeSet<Role>>,
    /// What a staff member may do; none for what staff may do by default.
    pub permissions: Option<Json<BTreeSet<Permission>>>,
    pub active: bool,
    /// Access tokens with a lower version no longer count.
    pub token_version: i64,
    pub token_version_at: Option<DateTime<Utc>>,
    /// Rises with every change.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Profile {
    pub id: Uuid,
    pub email: String,
    pub email_verified: bool,
    pub username: Option<String>,
    pub name: String,
    pub phone: Option<String>,
    /// The language of the e-mails to the user; null for the shop's.
    pub language: Option<Language>,
    pub roles: BTreeSet<Role>,
    /// All permissions of the user, by role or by grant.
    pub permissions: BTreeSet<Permission>,
    pub active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
}

/// What is to be different about a user; none leaves a field as it is.
#[derive(Debug, Default)]
pub struct Changes {
    pub email: Option<String>,
    pub username: Option<Option<String>>,
    pub name: Option<String>,
    pub phone: Option<Option<String>>,
    pub language: Option<Option<Language>>,
    pub roles: Option<BTreeSet<Role>>,
    pub permissions: Option<Option<BTreeSet<Permission>>>,
    pub active: Option<bool>,
    pub password: Option<PasswordHash>,
}

/// Who does something to a user.
#[derive(Clone, Copy, Debug)]
pub enum Actor<'a> {
    /// The shop itself, or who holds its command line.
    Shop,
    /// Somebody logged in, and all a user can be allowed to do.
    User(&'a Principal, &'a Permissions),
}

impl Permission {
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Permission {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl Permissions {
    /// What the services declare.
    pub fn new(declared: Arc<[chassis::definition::Permission]>) -> Self {
        Self(declared)
    }

    fn all(&self) -> BTreeSet<Permission> {
        self.0.iter().map(|it| it.name.into()).collect()
    }

    /// What staff may do unless an admin says otherwise.
    fn of_staff(&self) -> BTreeSet<Permission> {
        self.0.iter().filter(|it| it.staff).map(|it| it.name.into()).collect()
    }

    /// Refuses a permission that no service knows.
    pub fn check<'a>(&self, mut asked: impl Iterator<Item = &'a Permission>) -> Result<()> {
        let known = |permission: &&Permission| self.0.iter().any(|it| it.name == permission.name());
        let Some(unknown) = asked.find(|it| !known(it)) else { return Ok(()) };
        let names = self.0.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
        let detail = format!("{:?} is not one of: {names}", unknown.name());
        Err(Problem::field("permissions", detail))
    }
}

impl User {
    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }

    /// All the user may do.
    pub fn may(&self, all: &Permissions) -> BTreeSet<Permission> {
        match &self.permissions {
            _ if self.is_admin() => all.all(),
            _ if !self.roles.contains(&Role::Staff) => BTreeSet::new(),
            Some(permissions) => permissions.0.clone(),
            None => all.of_staff(),
        }
    }

    /// Applies the changes and returns the names of the fields that are different now. When the
    /// user's rights or password change, tokens issued before no longer count.
    pub fn apply(&mut self, changes: &Changes, now: DateTime<Utc>) -> Vec<&'static str> {
        let mut changed = Vec::new();
        let rights = (self.permissions.clone(), self.roles.clone(), self.active);
        let Changes {
            email,
            username,
            name,
            phone,
            language,
            roles,
            permissions,
            active,
            password,
        } = changes;
        set(&mut self.email, email, "email", &mut changed);
        set(&mut self.username, username, "username", &mut changed);
        set(&mut self.name, name, "name", &mut changed);
        set(&mut self.phone, phone, "phone", &mut changed);
        set(&mut self.language, language, "language", &mut changed);
        set(&mut self.roles.0, roles, "roles", &mut changed);
        let permissions = permissions.clone().map(|it| it.map(Json));
        set(&mut self.permissions, &permissions, "permissions", &mut changed);
        if !self.roles.contains(&Role::Staff) {
            self.permissions = None;
        }
        set(&mut self.active, active, "active", &mut changed);
        if password.is_some() {
            changed.push("password");
        }
        if changed.contains(&"email") {
            self.email_verified_at = None;
        }
        let kept = rights == (self.permissions.clone(), self.roles.clone(), self.active);
        if !kept || password.is_some() {
            self.void_tokens(now);
        }
        if !changed.is_empty() {
            self.touch(now);
        }
        changed
    }

    /// Notes that the user reads the mails of their address; false if that was known.
    pub fn prove_email(&mut self, now: DateTime<Utc>) -> bool {
        let newly = self.email_verified_at.is_none();
        self.email_verified_at.get_or_insert(now);
        newly
    }

    /// Makes access tokens issued before now worthless.
    pub fn void_tokens(&mut self, now: DateTime<Utc>) {
        self.token_version += 1;
        self.token_version_at = Some(now);
    }

    /// Counts a change.
    pub fn touch(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.updated_at = now;
    }

    pub fn profile(&self, all: &Permissions) -> Profile {
        Profile {
            id: self.id,
            email: self.email.clone(),
            email_verified: self.email_verified_at.is_some(),
            username: self.username.clone(),
            name: self.name.clone(),
            phone: self.phone.clone(),
            language: self.language.clone(),
            roles: self.roles.0.clone(),
            permissions: self.may(all),
            active: self.active,
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_login_at: self.last_login_at,
        }
    }
}

impl Actor<'_> {
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Shop => None,
            Self::User(principal, _) => Some(principal.id()),
        }
    }

    /// Whether the actor has every right the user has: who has not could take over the account,
    /// or make one, to get more rights than their own.
    pub fn covers(&self, user: &User) -> bool {
        match self {
            Self::Shop => true,
            Self::User(principal, _) if user.is_admin() => {
                principal.0.roles.contains(Role::Admin.as_str())
            }
            Self::User(principal, all) => user.may(all).iter().all(|it| principal.may(it.name())),
        }
    }
}

fn set<T: PartialEq + Clone>(
    field: &mut T,
    value: &Option<T>,
    name: &'static str,
    changed: &mut Vec<&'static str>,
) {
    if let Some(value) = value
        && field != value
    {
        *field = value.clone();
        changed.push(name);
    }
}

#[cfg(test)]
mod tests;
