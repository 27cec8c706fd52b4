"""Where the pages of one order are, and the right that each asks for."""

from typing import Final

from starlette.routing import Route

from desk.access.rights import Action
from desk.pages import order, order_forms
from desk.pages.navigation import ORDERS
from desk.pages.visitors import allowed

HERE: Final = f"{ORDERS}/{{premises}}/{{reference}}"


def routes() -> list[Route]:
    """The order itself, each form about it, and the receipt."""
    forms = [
        route
        for name, form in order_forms.FORMS.items()
        for route in (
            Route(f"{HERE}/{name}", allowed(form.operation.action, order_forms.question(name)), methods=["GET"]),
            Route(f"{HERE}/{name}", allowed(form.operation.action, order_forms.answer(name)), methods=["POST"]),
        )
    ]
    return [
        Route(HERE, allowed(Action.READ_ORDERS, order.show_order), methods=["GET"]),
        *forms,
        Route(f"{HERE}/said", allowed(Action.READ_RECEIPT, order_forms.show_said), methods=["GET"]),
    ]
