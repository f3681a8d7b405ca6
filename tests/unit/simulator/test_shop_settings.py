"""What a simulated shop has from its first day, and what of it can be changed."""

from __future__ import annotations

import pytest
from asking import Store


@pytest.fixture
def store() -> Store:
    return Store()


def test_the_shop_tells_its_limits_and_features(store: Store) -> None:
    query = """{ shop { resourceLimits { maxProductOptions maxProductVariants } features { shopifyPlus giftCards }
      currencyFormats { moneyFormat moneyWithCurrencyFormat }
      shopAddress { formattedArea } } }"""
    assert store.ask(query) == {
        "resourceLimits": {"maxProductOptions": 3, "maxProductVariants": 2048},
        "features": {"shopifyPlus": True, "giftCards": True},
        "currencyFormats": {"moneyFormat": "${{amount}}", "moneyWithCurrencyFormat": "${{amount}} CAD"},
        "shopAddress": {"formattedArea": "Toronto ON, Canada"},
    }


def test_required_roots_are_there(store: Store) -> None:
    """Those without records of their own, too."""
    query = """{ giftCardConfiguration { issueLimit { amount } } storeCreditConfiguration { storeCreditEnabled }
      shopBillingPreferences { currency } onlineStore { passwordProtection { enabled } } privacySettings { __typename }
      customerAccountPages(first: 5) { nodes { handle title } } }"""
    data = store.answer(query)["data"]
    assert data["giftCardConfiguration"] == {"issueLimit": {"amount": "2000.0"}}
    assert data["privacySettings"] == {"__typename": "PrivacySettings"}
    assert [row["handle"] for row in data["customerAccountPages"]["nodes"]] == ["orders", "profile", "settings"]


def test_a_policy_is_written_and_taken_away(store: Store) -> None:
    query = """mutation($body: String!) { shopPolicyUpdate(shopPolicy: {type: REFUND_POLICY, body: $body}) {
      shopPolicy { title body } userErrors { code } } }"""
    assert store.ask(query, body="30 days")["shopPolicy"] == {"title": "Refund policy", "body": "30 days"}
    assert store.ask("{ shop { shopPolicies { type } } }") == {"shopPolicies": [{"type": "REFUND_POLICY"}]}
    assert store.ask(query, body="x" * 600_000)["userErrors"] == [{"code": "TOO_BIG"}]
    store.ask(query, body="")
    assert store.ask("{ shop { shopPolicies { type } } }") == {"shopPolicies": []}


def test_categories_by_place_and_by_name(store: Store) -> None:
    query = """query($of: ID, $search: String) { taxonomy { categories(first: 50, childrenOf: $of, search: $search) {
      nodes { id name isRoot } } } }"""
    roots = store.ask(query)["categories"]["nodes"]
    assert len(roots) > 20
    assert all(row["isRoot"] for row in roots)
    below = store.ask(query, of="gid://shopify/TaxonomyCategory/ap-2")["categories"]["nodes"]
    assert "Dog Supplies" in [row["name"] for row in below]
    found = store.ask(query, search="snowboards")["categories"]["nodes"]
    assert [row["id"] for row in found] == ["gid://shopify/TaxonomyCategory/sg-4-17-2-17"]


def test_the_region_for_visitors_from_elsewhere(store: Store) -> None:
    query = "mutation($code: CountryCode!) { backupRegionUpdate(region: {countryCode: $code}) { userErrors { code } } }"
    assert store.ask("{ backupRegion { name } }") == {"name": "Canada"}
    assert store.ask(query, code="FR")["userErrors"] == []
    assert store.ask("{ backupRegion { name } }") == {"name": "France"}
