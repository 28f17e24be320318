"""The client of Dots.eco's flow cards: import everything public from here."""

from flowproof.clients.dots_eco.client import PRODUCTION_URL, DotsEco
from flowproof.clients.dots_eco.results import FlowCard, Offer

__all__ = ["PRODUCTION_URL", "DotsEco", "FlowCard", "Offer"]
