"""`trials/`: look, abort, see the graph."""

from rest_framework.request import Request
from rest_framework.response import Response

from procedures.rest.queries import Query, cut_page, link_header
from trials.graphs import trial_graph
from trials.rest import described
from trials.rest.parsing import state_wanted
from trials.rest.view import TrialView, narrowing
from trials.selectors import find_trials, trial_detail, trial_for, trial_summaries


class TrialsView(TrialView):
    """All trials."""

    @described.trials_list
    def get(self, request: Request) -> Response:
        """Trials with the number of their scripts in each state, newest last; the `Link` header leads to older and newer ones."""
        wanted, limit = narrowing(request.query_params, "task")
        rows, has_more = cut_page(find_trials(self.actor, wanted, limit + 1), limit, wanted.after_id)
        shown = [self.with_trial_uri(summary) for summary in trial_summaries(rows)]
        return Response(shown, headers=link_header(request, [row.pk for row in rows], has_more=has_more))


class OneTrialView(TrialView):
    """One trial."""

    @described.trial_get
    def get(self, request: Request, trial_id: str) -> Response:
        """It, with its scripts and issues."""
        Query(request.query_params, ()).check()
        return Response(self.with_trial_uri(trial_detail(trial_for(self.actor, int(trial_id)))))

    @described.trial_abort
    def put(self, request: Request, trial_id: str) -> Response:
        """Abort it. What has been dispatched is `aborting` until its last script has ended; asking again changes nothing."""
        trial_for(self.actor, int(trial_id))
        state_wanted(request.data)
        return Response(self.with_trial_uri(trial_detail(self.trials.abort_trial(int(trial_id)))))


class GraphView(TrialView):
    """One trial as a graph."""

    @described.trial_graph
    def get(self, request: Request, trial_id: str) -> Response:
        """Its scripts as nodes, with what they printed last, and their conditions as edges, each satisfied or not."""
        Query(request.query_params, ()).check()
        return Response(self.with_trial_uri(trial_graph(trial_for(self.actor, int(trial_id)))))
