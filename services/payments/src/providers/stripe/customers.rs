//! Customers and the payment methods they have saved: <https://docs.stripe.com/payments/save-during-payment>.
//!
//! A customer has nothing but the user's id, as metadata. What is saved for them is attached to it by
//! an intent with `setup_future_usage`, and stays at Stripe.

use chassis::id;
use chrono::DateTime;
use uuid::Uuid;

use super::client::{ApiError, Form};
use super::objects::{Deleted, Named, SavedPaymentMethod, USER_ID};
use super::{Stripe, failed};
use crate::provider::{Customers, Failure, ProviderCall, SavedMethod};

const CUSTOMERS: &str = "/v1/customers";
const METHODS: &str = "/v1/payment_methods";

impl Stripe {
    async fn create_customer(&self, key: Uuid, user_id: Uuid) -> Result<String, Failure> {
        let form = Form::default().with_nested(&["metadata", USER_ID], user_id);
        let mut made = self.client.post::<Named>(CUSTOMERS, key, &form).await;
        if let Err(ApiError::Unknown { ended: true, .. }) = made {
            // The key gives that answer for a day. If it was made nevertheless, it stays empty.
            made = self.client.post(CUSTOMERS, id::new(), &form).await;
        }
        made.map(|it| it.object.id).map_err(|it| failed("a new customer", it))
    }

    async fn saved_methods(
        &self,
        customer: &str,
    ) -> Result<Option<Vec<SavedPaymentMethod>>, Failure> {
        let query = Form::default().with("customer", customer);
        match self.client.list(METHODS, &query, false, |_| true).await {
            Ok(methods) => Ok(Some(methods)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(failed("a list of saved payment methods", error)),
        }
    }

    async fn remove_method(&self, customer: &str, method: &str) -> Result<bool, Failure> {
        let saved = self.saved_methods(customer).await?.unwrap_or_default();
        match saved.into_iter().find(|it| it.id == method) {
            Some(method) => self.detach(&method).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// For good: it cannot be attached again. One that was detached meanwhile is refused.
    async fn detach(&self, method: &SavedPaymentMethod) -> Result<(), Failure> {
        let path = format!("{METHODS}/{}/detach", method.id);
        match self.client.post::<Named>(&path, id::new(), &Form::default()).await {
            Ok(_) | Err(ApiError::Refused(_)) => Ok(()),
            Err(error) => Err(failed("a removal of a saved payment method", error)),
        }
    }

    async fn delete_customer(&self, customer: &str) -> Result<(), Failure> {
        for method in self.saved_methods(customer).await?.unwrap_or_default() {
            self.detach(&method).await?;
        }
        match self.client.delete::<Deleted>(&format!("{CUSTOMERS}/{customer}")).await {
            Ok(Deleted { deleted: true }) => Ok(()),
            Ok(_) => Err(Failure::Unknown("Stripe has not deleted the customer".to_owned())),
            Err(error) if error.is_missing() => Ok(()),
            Err(error) => Err(failed("a removal of a customer", error)),
        }
    }
}

impl Customers for Stripe {
    fn is_saved(&self, token: &str) -> bool {
        super::is_id(token, "pm_")
    }

    fn create<'a>(&'a self, key: Uuid, user_id: Uuid) -> ProviderCall<'a, String> {
        Box::pin(self.create_customer(key, user_id))
    }

    fn saved<'a>(&'a self, customer: &'a str) -> ProviderCall<'a, Option<Vec<SavedMethod>>> {
        Box::pin(async {
            let saved = self.saved_methods(customer).await?;
            Ok(saved.map(|all| all.iter().map(saved_method).collect()))
        })
    }

    fn remove<'a>(&'a self, customer: &'a str, method: &'a str) -> ProviderCall<'a, bool> {
        Box::pin(self.remove_method(customer, method))
    }

    fn delete<'a>(&'a self, customer: &'a str) -> ProviderCall<'a, ()> {
        Box::pin(self.delete_customer(customer))
    }
}

fn saved_method(method: &SavedPaymentMethod) -> SavedMethod {
    let details = method.details().unwrap_or_default();
    SavedMethod {
        id: method.id.clone(),
        brand: details.brand.unwrap_or_else(|| method.kind.clone()),
        last4: details.last4,
        exp_month: details.exp_month,
        exp_year: details.exp_year,
        created_at: DateTime::from_timestamp(method.created, 0).unwrap_or_default(),
    }
}
