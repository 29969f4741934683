"""This package is the campaign file: text with places, schema, rules, parts by name; it ends in a CampaignSpec."""
