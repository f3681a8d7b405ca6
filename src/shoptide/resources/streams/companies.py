"""Business customers: companies, the people who buy for them, and their locations."""

from __future__ import annotations

from shoptide.resources.stream import RELATIVE, Child, Stream

COMPANIES = Stream(
    name="companies",
    root="companies",
    exclude=frozenset({"defaultCursor"}) | RELATIVE,
    children=(
        Child("contacts", "company_contacts", first=5, exclude=RELATIVE),
        Child("contactRoles", "company_contact_roles", first=3),
    ),
)
COMPANY_LOCATIONS = Stream(
    name="company_locations",
    root="companyLocations",
    exclude=frozenset({"defaultCursor"}),
    children=(
        Child("roleAssignments", "company_location_role_assignments", first=5),
        Child("catalogs", "company_location_catalogs", first=3, link=True),
    ),
)
