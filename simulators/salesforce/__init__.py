"""A Salesforce org as a telephony connector sees it: Lightning, Open CTI, Canvas, OAuth and REST."""
