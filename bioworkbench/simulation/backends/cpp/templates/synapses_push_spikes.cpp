{# Spikes start their way: the engine does it, no function is generated. #}
{# USES_VARIABLES { _n_sources, _n_targets, delay, _source_dt } #}
{% extends 'common_group.cpp' %}

{% block before_code %}
    prepare
{% endblock %}
