"""Stripe's events in the shape of API version 2026-10-28, made and signed by Stripe's own package.

Every object is held to the package's types: a field that the version does not have, or one that is missing or null
where it may not be, is an error of the test.
"""
import datetime
import json
import typing

import stripe

VERSION = "2026-10-28.endive"
assert stripe.api_version == VERSION, stripe.api_version

BEGUN = 1_700_000_000


def shaped(kind, may_be_null=(), **values):
    """`values` as the JSON of an object of that type, with null for every optional field that is not given."""
    fields = {name: of for name, of in kind.__annotations__.items() if typing.get_origin(of) is not typing.ClassVar}
    unknown = set(values) - set(fields)
    assert not unknown, f"{kind.__name__} has no {unknown}"
    for name, of in fields.items():
        is_optional = type(None) in typing.get_args(of) or name in may_be_null
        assert is_optional or values.get(name) is not None, f"{kind.__name__}.{name} is required"
    never_null = {"deleted"}  # stands there only where the object is gone
    return {name: values.get(name) for name in fields if name in values or name not in never_null}


def price(identifier):
    return shaped(stripe.Price, id=identifier, object="price", active=True, billing_scheme="per_unit", created=BEGUN, currency="usd",
                  livemode=False, metadata={}, product="prod_1", type="recurring", unit_amount=900, tax_behavior="unspecified",
                  recurring=shaped(stripe.Price.Recurring, interval="month", interval_count=1, usage_type="licensed"))


def plan(identifier):
    return shaped(stripe.Plan, id=identifier, object="plan", active=True, amount=900, billing_scheme="per_unit", created=BEGUN,
                  currency="usd", interval="month", interval_count=1, livemode=False, metadata={}, product="prod_1", usage_type="licensed")


def item(price_id, subscription, period_end):
    return shaped(stripe.SubscriptionItem, id="si_" + price_id, object="subscription_item", created=BEGUN, current_period_start=BEGUN,
                  current_period_end=period_end, discounts=[], metadata={}, plan=plan(price_id), price=price(price_id), quantity=1,
                  subscription=subscription, tax_rates=[])


def subscription(identifier="sub_1", customer="cus_1", prices=("price_c",), status="active", begun=BEGUN, period_end=BEGUN + 86400,
                 user=None, customer_account=None):
    return shaped(
        stripe.Subscription, may_be_null=("customer",), id=identifier, object="subscription", billing_cycle_anchor=begun,
        automatic_tax=shaped(stripe.Subscription.AutomaticTax, enabled=False), billing_schedules=[],
        billing_mode=shaped(stripe.Subscription.BillingMode, type="flexible"), cancel_at_period_end=False,
        collection_method="charge_automatically", created=begun, currency="usd", customer=customer, customer_account=customer_account,
        discounts=[], invoice_settings=shaped(stripe.Subscription.InvoiceSettings, issuer={"type": "self"}),
        items={"object": "list", "data": [item(p, identifier, period_end) for p in prices], "has_more": False,
               "total_count": len(prices), "url": f"/v1/subscription_items?subscription={identifier}"},
        livemode=False, metadata={"user_id": user} if user else {}, start_date=begun, status=status)


def checkout(user, customer=None, customer_account=None, identifier="cs_1"):
    """The fields of a finished checkout that say whose it is; the object has a hundred more, all of no concern here."""
    known = {name for base in stripe.checkout.Session.__mro__ for name in getattr(base, "__annotations__", {})}
    values = {"id": identifier, "object": "checkout.session", "client_reference_id": user, "customer": customer,
              "customer_account": customer_account, "mode": "subscription", "status": "complete", "payment_status": "paid"}
    assert set(values) <= known, set(values) - known
    return values


def snapshot(identifier, kind, created, obj):
    """An event that carries the object as it was."""
    return shaped(stripe.Event, id=identifier, object="event", type=kind, created=created, api_version=VERSION, livemode=False,
                  pending_webhooks=1, data={"object": obj})


def thin(identifier, kind, created, object_id, object_type="subscription", context=None):
    """An event that only names the object. `created`: UNIX seconds, fractions of them too."""
    at = datetime.datetime.fromtimestamp(created, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    where = {"subscription": "/v1/subscriptions/", "checkout.session": "/v1/checkout/sessions/"}.get(object_type, "/v1/other/")
    return {"id": identifier, "object": "v2.core.event", "type": kind, "created": at, "livemode": False, "context": context, "reason": None,
            "related_object": {"id": object_id, "type": object_type, "url": where + object_id}}


def signed(event, secret, at=None):
    """Body and signature, as Stripe sends them; read once by Stripe's package, which refuses what Stripe never sends."""
    body = json.dumps(event)
    header = stripe.WebhookSignature.generate_signature_header(body, secret, at)
    if event.get("object") == "v2.core.event":
        stripe.StripeClient("sk_test_1").parse_event_notification(body, header, secret, tolerance=None)
    else:
        stripe.Webhook.construct_event(body, header, secret, tolerance=None, api_key="sk_test_1")
    return body.encode(), header
