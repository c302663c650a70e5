"""
Which link is missing?
======================

Cannistraci-Hebb scores of a graph, in the style of networkx's link prediction.
"""

import matplotlib.pyplot as plt
import networkx as nx

from bioworkbench.topology.prediction.link_prediction import ch3_l3

# %%
# Zachary's karate club: the ten absent links that CH3-L3 finds likeliest.

graph = nx.karate_club_graph()
best = sorted(ch3_l3(graph), key=lambda entry: -entry[2])[:10]
for u, v, score in best:
    print(f"{u:2d} - {v:2d}  {score:.3f}")

# %%
# Drawn: present links in gray, predicted ones in blue, the wider the likelier.

place = nx.spring_layout(graph, seed=3)
figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
nx.draw_networkx_edges(graph, place, ax=axes, edge_color="0.8")
links = [(u, v) for u, v, _ in best]
widths = [3 * score / best[0][2] for *_, score in best]
nx.draw_networkx_edges(graph, place, links, width=widths, edge_color="#0072B2", ax=axes)
nx.draw_networkx_nodes(graph, place, node_size=120, node_color="#E69F00", ax=axes)
nx.draw_networkx_labels(graph, place, font_size=6, ax=axes)
_ = axes.axis("off")
