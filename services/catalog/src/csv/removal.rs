//! What of a product goes, named one by one: nothing of it comes back.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Product;

/// Something that an import removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportRemoval)]
pub struct Removal {
    /// The handle of the product.
    pub handle: String,
    pub kind: RemovalKind,
    /// The SKU of a variant, the URL of an image, the option and value of a value.
    pub name: String,
    /// The units on hand of a variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<i64>,
}

/// What is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportRemovalKind)]
#[serde(rename_all = "snake_case")]
pub enum RemovalKind {
    Variant,
    Image,
    /// A value of an option, or an option with all its values.
    Option,
}

impl std::fmt::Display for Removal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { handle, kind, name, units } = self;
        let kind = match kind {
            RemovalKind::Variant => "variant",
            RemovalKind::Image => "image",
            RemovalKind::Option => "option",
        };
        write!(f, "{}, {kind} {}", handle.escape_debug(), name.escape_debug())?;
        match units {
            Some(units) => write!(f, " with {units} units"),
            None => Ok(()),
        }
    }
}

/// What the shop's product has and the new one has not.
pub(super) fn between(old: &Product, new: &Product) -> Vec<Removal> {
    let removal =
        |kind, name: String, units| Removal { handle: old.slug.clone(), kind, name, units };
    let mut removals = Vec::new();
    let stays: HashSet<_> = new.variants.iter().map(|it| it.id).collect();
    let gone: Vec<_> = old.variants.iter().filter(|it| !stays.contains(&it.id)).collect();
    for variant in &gone {
        let (name, units) = (variant.sku.clone(), Some(variant.on_hand));
        removals.push(removal(RemovalKind::Variant, name, units));
    }
    let stays: HashSet<_> = new.images.iter().map(|it| it.id).collect();
    for image in old.images.iter().filter(|it| !stays.contains(&it.id)) {
        removals.push(removal(RemovalKind::Image, image.url.clone(), None));
    }
    for option in &old.options {
        let name = option.name.to_lowercase();
        let now = new.options.iter().find(|it| it.name.to_lowercase() == name);
        // A value that a variant had and has changed for another one is no loss.
        let goes = |value: &&String| match now {
            Some(now) if now.values.contains(value) => false,
            Some(_) => gone.iter().any(|it| it.options.get(&option.name) == Some(value)),
            None => true,
        };
        for value in option.values.iter().filter(goes) {
            let name = format!("{}: {value}", option.name);
            removals.push(removal(RemovalKind::Option, name, None));
        }
    }
    removals
}
